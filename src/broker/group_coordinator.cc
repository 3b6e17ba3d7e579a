#include "broker/group_coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "model/printable.h"

namespace distributary {

namespace {
// Of a group that has no members: only consumers commit.
const std::string kConsumerProtocol = "consumer";
}  // namespace

GroupCoordinator::~GroupCoordinator() {
  for (auto& [id, slot] : groups_) {
    if (slot.timer != 0) context_.world.executor.cancel_timer(slot.timer);
  }
}

Group* GroupCoordinator::find(const std::string& id) {
  auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.group.get();
}

void GroupCoordinator::settle(const std::string& id) {
  auto found = groups_.find(id);
  if (found == groups_.end()) return;
  Slot& slot = found->second;
  Executor& executor = context_.world.executor;
  const bool over = slot.group->disposable();
  const SteadyTime next = slot.group->next_tick();
  if (!over && slot.timer != 0 && slot.timer_at <= next) return;
  if (slot.timer != 0) executor.cancel_timer(std::exchange(slot.timer, 0));
  if (over) {
    groups_.erase(found);
    return;
  }
  if (next == kNever) return;
  slot.timer_at = next;
  slot.timer = executor.call_at(next, [this, id] {
    auto due = groups_.find(id);
    if (due == groups_.end()) return;
    due->second.timer = 0;
    due->second.group->tick();
    settle(id);
  });
}

KafkaError GroupCoordinator::check_join(const JoinRequest& request) const {
  const GroupOptions& options = context_.options.group;
  if (request.group.empty()) return KafkaError::invalid_group_id;
  if (request.session_timeout < options.session_timeout_min || request.session_timeout > options.session_timeout_max) {
    return KafkaError::invalid_session_timeout;
  }
  size_t bytes = 0;
  for (const GroupProtocol& protocol : request.protocols) bytes += protocol.name.size() + protocol.metadata.size();
  return bytes <= options.metadata_bytes_max ? KafkaError::none : KafkaError::invalid_request;
}

Task<Result<JoinAnswer>> GroupCoordinator::join(JoinRequest request, std::stop_token stop) {
  KafkaError error = check_join(request);
  const std::string id = request.group;
  const bool known = groups_.contains(id);
  if (error == KafkaError::none && !known) {
    if (!request.member_id.empty()) error = KafkaError::unknown_member_id;
    if (groups_.size() >= context_.options.group.groups_max) error = KafkaError::group_max_size_reached;
  }
  if (error != KafkaError::none) co_return JoinAnswer{.error = error, .member_id = request.member_id};
  if (!known) {
    groups_[id].group =
        std::make_unique<Group>(context_.world.executor, context_.world.random, context_.options.group, id);
  }
  ReplyHandle<JoinAnswer> reply = find(id)->join(std::move(request));
  settle(id);
  while (!reply->given()) {
    Status waited = co_await reply->signal().wait(kNever, stop);
    if (waited || reply->given()) continue;
    Group* group = find(id);
    if (group != nullptr) group->abandon(reply.get());
    settle(id);
    co_return fail(waited.error());
  }
  co_return reply->take();
}

Task<Result<SyncAnswer>> GroupCoordinator::sync(SyncRequest request, std::stop_token stop) {
  const std::string id = request.claim.group;
  if (id.empty()) co_return SyncAnswer{KafkaError::invalid_group_id, {}, {}, {}};
  Group* group = find(id);
  if (group == nullptr) co_return SyncAnswer{KafkaError::unknown_member_id, {}, {}, {}};
  ReplyHandle<SyncAnswer> reply = group->sync(std::move(request));
  settle(id);
  while (!reply->given()) {
    Status waited = co_await reply->signal().wait(kNever, stop);
    if (waited || reply->given()) continue;
    group = find(id);
    if (group != nullptr) group->abandon(reply.get());
    settle(id);
    co_return fail(waited.error());
  }
  co_return reply->take();
}

KafkaError GroupCoordinator::heartbeat(const MemberClaim& claim) {
  if (claim.group.empty()) return KafkaError::invalid_group_id;
  Group* group = find(claim.group);
  if (group == nullptr) return KafkaError::unknown_member_id;
  KafkaError error = group->heartbeat(claim);
  settle(claim.group);
  return error;
}

KafkaError GroupCoordinator::leave(const MemberClaim& claim) {
  if (claim.group.empty()) return KafkaError::invalid_group_id;
  Group* group = find(claim.group);
  if (group == nullptr) return KafkaError::unknown_member_id;
  KafkaError error = group->leave(claim);
  settle(claim.group);
  return error;
}

KafkaError GroupCoordinator::check_commit(const MemberClaim& claim) {
  Group* group = find(claim.group);
  if (group == nullptr) return claim.generation < 0 ? KafkaError::none : KafkaError::illegal_generation;
  KafkaError error = group->check_commit(claim);
  settle(claim.group);
  return error;
}

bool GroupCoordinator::active_here(const std::string& id) const {
  auto found = groups_.find(id);
  return found != groups_.end() && found->second.group->has_committed();
}

Task<std::vector<GroupSummary>> GroupCoordinator::list(const Caller& caller) {
  std::map<std::string, GroupSummary> found;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    for (const auto& [id, cursors] : stream->stream->state().cursors()) {
      if (!cursors.empty()) found[id] = {id, std::string(to_string(GroupState::empty)), kConsumerProtocol};
    }
  }
  for (const auto& [id, slot] : groups_) {
    const bool positions_only = slot.group->protocol_type().empty() && found.contains(id);
    const std::string type = positions_only ? kConsumerProtocol : slot.group->protocol_type();
    found[id] = {id, std::string(to_string(slot.group->state())), type};
  }
  std::vector<GroupSummary> out;
  out.reserve(found.size());
  for (auto& [id, summary] : found) out.push_back(std::move(summary));
  co_return out;
}

namespace {

bool has_cursors(const std::string& id, const std::vector<StreamHandle>& streams) {
  return std::ranges::any_of(streams, [&id](const StreamHandle& stream) {
    const auto& cursors = stream->stream->state().cursors();
    auto found = cursors.find(id);
    return found != cursors.end() && !found->second.empty();
  });
}

Fault no_such_group(const std::string& id) {
  return {KafkaError::group_id_not_found, fmt::format("there is no group {}", quoted(id))};
}

GroupDescription describe_members(const Group& group) {
  GroupDescription out;
  out.id = group.id();
  out.state = to_string(group.state());
  out.protocol_type = group.protocol_type();
  const bool stable = group.state() == GroupState::stable;
  if (stable) out.protocol_name = group.protocol_name();
  for (const auto& [id, member] : group.members()) {
    const Bytes* metadata = stable ? member.metadata(group.protocol_name()) : nullptr;
    out.members.push_back({id, member.instance_id, member.client_id, member.client_host,
                           metadata != nullptr ? *metadata : Bytes(), stable ? member.assignment : Bytes()});
  }
  return out;
}

}  // namespace

Task<std::vector<GroupDescription>> GroupCoordinator::describe(std::vector<std::string> ids, const Caller& caller) {
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  std::vector<GroupDescription> out;
  for (const std::string& id : ids) {
    const bool empty = has_cursors(id, streams);
    if (const Group* group = find(id)) {
      out.push_back(describe_members(*group));
      if (empty && out.back().protocol_type.empty()) out.back().protocol_type = kConsumerProtocol;
      continue;
    }
    GroupDescription& description = out.emplace_back();
    description.id = id;
    if (empty) description.protocol_type = kConsumerProtocol;
    description.state = empty ? to_string(GroupState::empty) : kDeadGroupState;
    if (!empty) description.fault = no_such_group(id);
  }
  co_return out;
}

Fault GroupCoordinator::remove_cursors(const std::string& id, const std::vector<StreamHandle>& streams,
                                       DurableWait& wait) {
  for (const StreamHandle& stream : streams) {
    const auto& cursors = stream->stream->state().cursors();
    auto found = cursors.find(id);
    if (found == cursors.end() || found->second.empty()) continue;
    CursorsDeleted deleted{id, {}};
    for (const auto& [partition, slots] : found->second) deleted.partitions.push_back(partition);
    Result<Lsn> lsn = stream->stream->delete_cursors(std::move(deleted));
    if (!lsn) return fault_of(lsn.error(), Subject::storage);
    wait.add(stream, *lsn);
  }
  return {};
}

Task<std::vector<Fault>> GroupCoordinator::remove(std::vector<std::string> ids, const Caller& caller,
                                                  std::stop_token stop) {
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  std::vector<Fault> out(ids.size());
  DurableWait wait;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const Group* group = find(ids[i]); group != nullptr && !group->members().empty()) {
      out[i] = {KafkaError::non_empty_group, fmt::format("the group {} has members", quoted(ids[i]))};
    } else if (!has_cursors(ids[i], streams)) {
      out[i] = no_such_group(ids[i]);
    } else {
      out[i] = remove_cursors(ids[i], streams, wait);
    }
  }
  const SteadyTime deadline = context_.world.clock().now() + context_.options.durable_wait_max;
  Status settled = co_await wait.wait(deadline, stop);
  if (!settled) {
    for (Fault& fault : out) {
      if (fault.ok()) fault = fault_of(settled.error(), Subject::storage);
    }
  }
  co_return out;
}

}  // namespace distributary
