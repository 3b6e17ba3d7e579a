#include "replication/link_manager.h"

#include <algorithm>

namespace distributary {

namespace {
constexpr Duration kGatherChanges = std::chrono::milliseconds(5);
}

LinkManager::LinkManager(World& world, Catalog& catalog, MetaStore& meta, ClusterDirectory& directory,
                         LinkOptions options)
    : context_{world, catalog, meta, directory, options}, changed_(world.executor), scope_(world.executor) {}

LinkManager::~LinkManager() = default;

void LinkManager::start() {
  started_ = true;
  scope_.spawn(follow_catalog());
}

Task<void> LinkManager::stop() {
  scope_.stop();
  co_await scope_.join();
  TaskScope stopping(context_.world.executor);
  for (auto& [key, slot] : links_) stopping.spawn(stop_link(*slot.link));
  co_await stopping.join();
  links_.clear();
}

Task<void> LinkManager::stop_link(Link& link) {
  Ending why{LinkErrorCode::shutting_down, "the source's node is stopping"};
  co_await link.stop(why, false);
}

Task<void> LinkManager::follow_catalog() {
  std::stop_token stop = scope_.stop_token();
  while (!scope_.stopping()) {
    reconcile();
    Status waited = co_await context_.catalog.changed().wait(kNever, stop);
    if (!waited) co_return;
    reconcile();  // at once; what changes right after it is gathered, for each look goes over all streams
    Status gathered = co_await sleep_for(context_.world.executor, kGatherChanges, stop);
    if (!gathered) co_return;
  }
}

// What should be, from the catalog and the copies; then links are started, told or retired.
void LinkManager::reconcile() {
  if (!started_ || scope_.stopping()) return;
  std::map<LinkKey, ReplicaRegistration> wanted;
  for (const std::string& path : context_.catalog.paths()) {
    const StreamRecord* record = context_.catalog.record(path);
    if (record == nullptr) continue;
    for (const ReplicaRegistration& replica : record->replicas) wanted[{record->uuid, replica.uuid}] = replica;
  }
  for (const auto& [key, registration] : wanted) ensure(key, registration);
  for (auto& [key, slot] : links_) {
    if (slot.retiring || wanted.contains(key)) continue;
    bool source_exists = context_.catalog.record_by_uuid(key.source) != nullptr;
    slot.link->set_registration(std::nullopt);
    if (slot.copy && source_exists) continue;
    slot.retiring = true;
    scope_.spawn(retire(key));
  }
}

void LinkManager::ensure(const LinkKey& key, std::optional<ReplicaRegistration> registration) {
  Slot& slot = links_[key];
  if (slot.retiring) return;  // when it is gone, reconcile runs again
  bool fresh = slot.link == nullptr;
  if (fresh) slot.link = std::make_shared<Link>(context_, key);
  if (registration) slot.link->set_registration(std::move(registration));
  if (slot.copy && !slot.link->copying()) slot.link->set_copy(slot.copy);
  if (fresh) slot.link->start();
}

Task<void> LinkManager::retire(LinkKey key) {
  Ending why{LinkErrorCode::removed, "the replica was removed at the source"};
  co_await links_.at(key).link->stop(why, true);
  Slot& slot = links_.at(key);
  std::optional<CopyRun> copy = std::move(slot.copy);
  slot.link.reset();
  slot.retiring = false;
  slot.copy = copy;
  bool source_exists = context_.catalog.record_by_uuid(key.source) != nullptr;
  if (copy && source_exists) {
    ensure(key, std::nullopt);
  } else {
    links_.erase(key);
  }
  changed_.notify_all();
  reconcile();
}

Task<Result<std::vector<ReplicaStatus>>> LinkManager::replicas(Uuid source) {
  const StreamRecord* record = context_.catalog.record_by_uuid(source);
  if (record == nullptr) co_return fail(ErrorCode::not_found, "there is no such stream");
  const std::vector<ReplicaRegistration> registrations = record->replicas;
  std::vector<ReplicaStatus> out;
  for (const ReplicaRegistration& registration : registrations) {
    LinkKey key{source, registration.uuid};
    auto found = links_.find(key);
    if (found == links_.end() || found->second.retiring || !found->second.link) {
      ReplicaStatus status;
      status.replica_state = "REPLICA_STATE_REPLICATING";
      status.link_state = registration.paused ? LinkState::paused : LinkState::connecting;
      status.registration = registration;
      out.push_back(std::move(status));
      continue;
    }
    std::shared_ptr<Link> link = found->second.link;
    ReplicaStatus status = co_await link->status();
    status.registration = registration;
    found = links_.find(key);
    if (found != links_.end() && found->second.copy) status.copy_percentage = found->second.copy_percentage;
    out.push_back(std::move(status));
  }
  co_return out;
}

// --- Copies.

Status LinkManager::begin_copy(const LinkKey& key, CopyRun copy) {
  auto found = links_.find(key);
  if (found != links_.end() && found->second.copy) {
    return fail(ErrorCode::conflict,
                "a copy of this stream to that replica is running already: " + to_string(found->second.copy->id));
  }
  links_[key].copy = std::move(copy);
  links_[key].copy_percentage = 0;
  ensure(key, std::nullopt);
  return {};
}

void LinkManager::end_copy(const LinkKey& key, const Uuid& copy) {
  auto found = links_.find(key);
  if (found == links_.end() || !found->second.copy || found->second.copy->id != copy) return;
  found->second.copy.reset();
  if (found->second.link && !found->second.retiring) found->second.link->set_copy(std::nullopt);
  reconcile();
}

void LinkManager::note_copy(const LinkKey& key, int percentage) {
  auto found = links_.find(key);
  if (found != links_.end()) found->second.copy_percentage = percentage;
}

Link* LinkManager::find(const LinkKey& key) {
  auto found = links_.find(key);
  return found == links_.end() || found->second.retiring ? nullptr : found->second.link.get();
}

Task<void> LinkManager::wait_progress(LinkKey key, Duration at_most, std::stop_token stop) {
  SteadyTime until = context_.world.clock().now() + at_most;
  Link* link = find(key);
  Signal& signal = link ? link->progressed() : changed_;
  Status waited = co_await signal.wait(until, stop);
  (void)waited;  // the caller looks at what it waits for
}

}  // namespace distributary
