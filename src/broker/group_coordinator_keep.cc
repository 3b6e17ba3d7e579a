// Members that go on after a restart of the node: what GroupCoordinator keeps of them.
#include "base/log.h"
#include "broker/group_coordinator.h"

namespace distributary {
namespace {
const Logger group_coordinator_keep_logger("groups");
}  // namespace

Task<Status> GroupCoordinator::load() {
  if (loaded_) co_return Status{};
  CO_TRY(std::vector<GroupStore::Kept> kept, co_await store_.read());
  if (loaded_) co_return Status{};  // somebody else was faster
  loaded_ = true;
  restore(kept);
  co_return Status{};
}

void GroupCoordinator::restore(const std::vector<GroupStore::Kept>& kept) {
  store_.count(kept);
  size_t unreadable = 0;
  for (const GroupStore::Kept& one : kept) {
    if (group_count() >= context_.options.group.groups_max || has_members(one.id)) continue;
    if (!restore_one(one)) ++unreadable;
  }
  if (unreadable == 0) return;
  group_coordinator_keep_logger.warn("membership of some groups cannot be read, their members have to join again",
                                     {{"groups", unreadable}});
}

Status GroupCoordinator::restore_one(const GroupStore::Kept& kept) {
  const ByteView bytes = as_bytes(kept.bytes);
  if (snapshot_kind(bytes) == SnapshotKind::consumer) {
    TRY(ConsumerGroupSnapshot snapshot, decode_consumer_group_snapshot(bytes));
    consumer_groups_.restore(kept.id, std::move(snapshot));
    downgrade_if_due(kept.id, true);
    return {};
  }
  TRY(GroupSnapshot snapshot, decode_group_snapshot(bytes));
  Group& group = groups_.add(
      std::make_unique<Group>(context_.world.executor, context_.world.random, context_.options.group, kept.id));
  group.restore(std::move(snapshot));
  groups_.settle(kept.id);
  return {};
}

std::optional<std::string> GroupCoordinator::snapshot(const std::string& id) const {
  const ConsumerGroup* consumers = consumer_groups_.find(id);
  const Group* group = groups_.find(id);
  size_t members = 0;
  if (consumers != nullptr) members = consumers->members().size();
  if (group != nullptr) members = group->members().size();
  if (members == 0 || members > kKeptMembersMax) return std::string();
  if (group == nullptr) return consumers->snapshot();
  std::optional<GroupSnapshot> stable = group->snapshot();
  if (stable) return encode_snapshot(*stable);
  if (group->has_been_stable()) return std::nullopt;
  return group->kept();
}

Task<Status> GroupCoordinator::keep(std::string id, std::stop_token stop) {
  const SteadyTime deadline = context_.world.clock().now() + kKeepWaitMax;
  Status kept = co_await store_.settle(std::move(id), deadline, stop);
  if (!kept && kept.error().code == ErrorCode::cancelled) co_return kept;
  co_return Status{};
}

}  // namespace distributary
