#include "broker/group_coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "broker/cursor_removal.h"
#include "model/printable.h"

namespace distributary {

namespace {
// Of a group that has no members: only consumers commit.
const std::string kConsumerProtocol = "consumer";
}  // namespace

GroupCoordinator::GroupCoordinator(BrokerContext context, const ResourceConfigs& configs)
    : context_(context),
      store_(context.world.executor, context.directory.catalog().meta(),
             [this](const std::string& id) { return snapshot(id); }),
      groups_(
          context.world.executor, [this](const std::string& id) { note_emptied(id); },
          [this](const std::string& id) { store_.note(id); }),
      consumer_groups_(
          context, configs, [this](const std::string& id) { note_emptied(id); },
          [this](const std::string& id) {
            store_.note(id);
            downgrade_if_due(id);
          }) {}

void GroupCoordinator::note_emptied(const std::string& id) {
  if (emptied_.size() < kEmptiedGroupsMax || emptied_.contains(id)) emptied_[id] = context_.world.clock().now();
}

std::optional<SteadyTime> GroupCoordinator::emptied_at(const std::string& id) const {
  auto found = emptied_.find(id);
  return found == emptied_.end() ? std::nullopt : std::optional<SteadyTime>(found->second);
}

void GroupCoordinator::forget_emptied_before(SteadyTime when) {
  boost::unordered::erase_if(emptied_, [when](const auto& item) { return item.second < when; });
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
  if (error == KafkaError::none && consumers_are_in(id)) {
    std::optional<JoinAnswer> answer = co_await join_consumers(request);
    if (answer && store_.owes(id)) CO_TRY_STATUS(co_await keep(id, stop));
    if (answer) co_return std::move(*answer);
  }
  const bool known = groups_.find(id) != nullptr;
  if (error == KafkaError::none && !known) {
    if (!request.member_id.empty()) error = KafkaError::unknown_member_id;
    if (!room()) error = KafkaError::group_max_size_reached;
  }
  if (error != KafkaError::none) co_return JoinAnswer{.error = error, .member_id = request.member_id};
  consumer_groups_.erase(id);
  if (!known) {
    groups_.add(std::make_unique<Group>(context_.world.executor, context_.world.random, context_.options.group, id));
  }
  ReplyHandle<JoinAnswer> reply = groups_.find(id)->join(std::move(request));
  groups_.settle(id);
  while (!reply->given()) {
    Status waited = co_await reply->signal().wait(kNever, stop);
    if (waited || reply->given()) continue;
    Group* group = groups_.find(id);
    if (group != nullptr) group->abandon(reply.get());
    groups_.settle(id);
    co_return fail(waited.error());
  }
  if (store_.owes(id)) CO_TRY_STATUS(co_await keep(id, stop));  // another id of a static member
  co_return reply->take();
}

Task<Result<SyncAnswer>> GroupCoordinator::sync(SyncRequest request, std::stop_token stop) {
  const std::string id = request.claim.group;
  if (id.empty()) co_return SyncAnswer{KafkaError::invalid_group_id, {}, {}, {}};
  if (ConsumerGroup* consumers = consumer_groups_.find(id)) {
    SyncAnswer answer = consumers->sync(request);
    consumer_groups_.settle(id);
    co_return answer;
  }
  Group* group = groups_.find(id);
  if (group == nullptr) co_return SyncAnswer{KafkaError::unknown_member_id, {}, {}, {}};
  ReplyHandle<SyncAnswer> reply = group->sync(std::move(request));
  groups_.settle(id);
  while (!reply->given()) {
    Status waited = co_await reply->signal().wait(kNever, stop);
    if (waited || reply->given()) continue;
    group = groups_.find(id);
    if (group != nullptr) group->abandon(reply.get());
    groups_.settle(id);
    co_return fail(waited.error());
  }
  if (store_.owes(id)) CO_TRY_STATUS(co_await keep(id, stop));
  co_return reply->take();
}

KafkaError GroupCoordinator::heartbeat(const MemberClaim& claim) {
  if (claim.group.empty()) return KafkaError::invalid_group_id;
  if (Group* group = groups_.find(claim.group)) {
    KafkaError error = group->heartbeat(claim);
    groups_.settle(claim.group);
    return error;
  }
  ConsumerGroup* group = consumer_groups_.find(claim.group);
  if (group == nullptr) return KafkaError::unknown_member_id;
  KafkaError error = group->heartbeat(claim);
  consumer_groups_.settle(claim.group);
  return error;
}

KafkaError GroupCoordinator::leave(const MemberClaim& claim) {
  if (claim.group.empty()) return KafkaError::invalid_group_id;
  if (Group* group = groups_.find(claim.group)) {
    KafkaError error = group->leave(claim);
    groups_.settle(claim.group);
    return error;
  }
  ConsumerGroup* group = consumer_groups_.find(claim.group);
  if (group == nullptr) return KafkaError::unknown_member_id;
  KafkaError error = group->leave(claim);
  consumer_groups_.settle(claim.group);
  return error;
}

Task<ConsumerHeartbeatAnswer> GroupCoordinator::consumer_heartbeat(const ConsumerHeartbeat& request,
                                                                   const Caller& caller) {
  ConsumerHeartbeatAnswer refused;
  refused.member_id = request.member_id;
  refused.epoch = request.epoch;
  refused.fault = consumer_groups_.check(request);
  if (refused.fault.ok() && request.topic_names) {
    refused.fault = co_await consumer_groups_.check_names(*request.topic_names, caller);
  }
  if (!refused.fault.ok()) co_return refused;
  const ConsumerGroups::OtherSubscriptions others = [&] { return classic_subscriptions(request); };
  std::optional<TopicsFound> topics = co_await consumer_groups_.topics_for(request, caller, others);
  // From here on nothing waits.
  refused.fault = upgrade(request, topics);
  if (!refused.fault.ok()) co_return refused;
  ConsumerHeartbeatAnswer answer = consumer_groups_.heartbeat(request, caller, std::move(topics), room());
  if (store_.owes(request.group)) {
    const std::stop_token never;
    Status kept = co_await keep(request.group, never);
    (void)kept;  // nobody can cancel it
  }
  co_return answer;
}

KafkaError GroupCoordinator::check_commit(const MemberClaim& claim, CommitKind kind) {
  if (Group* group = groups_.find(claim.group)) {
    KafkaError error = group->check_commit(claim, kind);
    groups_.settle(claim.group);
    return error;
  }
  if (ConsumerGroup* group = consumer_groups_.find(claim.group)) return group->check_commit(claim, kind);
  if (claim.generation < 0) return KafkaError::none;
  // A member of a group that could not be kept over a restart is told to join again. (Kafka says that there is no such
  // group, which clients take for the end.)
  return kind == CommitKind::with_epochs ? KafkaError::unknown_member_id : KafkaError::illegal_generation;
}

KafkaError GroupCoordinator::check_fetch(const std::string& id, const std::optional<std::string>& member_id,
                                         int32_t epoch) const {
  const ConsumerGroup* group = consumer_groups_.find(id);
  return group == nullptr ? KafkaError::none : group->check_fetch(member_id, epoch);
}

KafkaError GroupCoordinator::check_cursor_removal(const std::string& id) const {
  const Group* group = groups_.find(id);
  const bool busy = group != nullptr && !group->members().empty();
  return busy && group->protocol_type() != kConsumerProtocol ? KafkaError::non_empty_group : KafkaError::none;
}

bool GroupCoordinator::subscribed_to(const std::string& id, const FoundTopic& topic) const {
  if (const ConsumerGroup* group = consumer_groups_.find(id)) return group->subscribed_to(topic.topic->id);
  const Group* group = groups_.find(id);
  if (group == nullptr) return false;
  auto names_it = [&](const std::string& name) {
    Result<TopicPlace> place = context_.directory.names().parse(name);
    return place && place->stream_path == topic.stream->record.path && place->topic == topic.name;
  };
  return std::ranges::any_of(group->members(), [&](const auto& entry) {
    const auto& names = entry.second.topic_names;
    return !names || std::ranges::any_of(*names, names_it);  // who cannot be read may read anything
  });
}

void GroupCoordinator::add_recently_emptied(std::map<std::string, GroupSummary>& out) const {
  for (const auto& [id, when] : emptied_) {
    if (out.size() >= context_.options.group.groups_max) return;
    if (!recently_emptied(id)) continue;
    out[id] = {id, std::string(to_string(GroupState::empty)), kConsumerProtocol, std::string(kClassicGroupType)};
  }
}

bool GroupCoordinator::recently_emptied(const std::string& id) const {
  auto found = emptied_.find(id);
  if (found == emptied_.end()) return false;
  return context_.world.clock().now() - found->second < context_.options.group.empty_group_kept;
}

bool GroupCoordinator::active_here(const std::string& id) const {
  if (const Group* group = groups_.find(id)) return group->has_committed();
  const ConsumerGroup* group = consumer_groups_.find(id);
  return group != nullptr && group->has_committed();
}

bool GroupCoordinator::has_members(const std::string& id) const {
  const Group* group = groups_.find(id);
  if (group != nullptr && !group->members().empty()) return true;
  const ConsumerGroup* consumers = consumer_groups_.find(id);
  return consumers != nullptr && !consumers->members().empty();
}

Task<std::vector<GroupSummary>> GroupCoordinator::list(const Caller& caller) {
  std::map<std::string, GroupSummary> found;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  const std::string classic(kClassicGroupType);
  for (const StreamHandle& stream : streams) {
    for (const auto& [id, cursors] : stream->stream->state().cursors()) {
      if (!cursors.empty()) found[id] = {id, std::string(to_string(GroupState::empty)), kConsumerProtocol, classic};
    }
  }
  add_recently_emptied(found);
  groups_.for_each([&](const Group& group) {
    const bool positions_only = group.protocol_type().empty() && found.contains(group.id());
    const std::string protocol = positions_only ? kConsumerProtocol : group.protocol_type();
    found[group.id()] = {group.id(), std::string(to_string(group.state())), protocol, classic};
  });
  consumer_groups_.table().for_each([&](const ConsumerGroup& group) {
    found[group.id()] = {group.id(), std::string(to_string(group.state())), kConsumerProtocol,
                         std::string(kConsumerGroupType)};
  });
  std::vector<GroupSummary> out;
  out.reserve(found.size());
  for (auto& [id, summary] : found) out.push_back(std::move(summary));
  co_return out;
}

namespace {

bool has_cursors(const std::string& id, const std::vector<StreamHandle>& streams) {
  return std::ranges::any_of(streams,
                             [&id](const StreamHandle& stream) { return has_cursors(stream->stream->state(), id); });
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
    const bool empty = has_cursors(id, streams) || recently_emptied(id);
    if (const Group* group = groups_.find(id)) {
      out.push_back(describe_members(*group));
      if (empty && out.back().protocol_type.empty()) out.back().protocol_type = kConsumerProtocol;
      continue;
    }
    GroupDescription& description = out.emplace_back();
    description.id = id;
    if (consumer_groups_.find(id) != nullptr) {
      description.state = kDeadGroupState;
      description.fault = {KafkaError::group_id_not_found,
                           fmt::format("the group {} is not of the classic protocol", quoted(id))};
      continue;
    }
    if (empty) description.protocol_type = kConsumerProtocol;
    description.state = empty ? to_string(GroupState::empty) : kDeadGroupState;
    if (!empty) description.fault = no_such_group(id);
  }
  co_return out;
}

Task<std::vector<ConsumerGroupDescription>> GroupCoordinator::describe_consumer_groups(std::vector<std::string> ids,
                                                                                       const Caller& caller) {
  std::vector<ConsumerGroupDescription> out;
  for (const std::string& id : ids) {
    std::string copy = id;
    ConsumerGroupDescription description = co_await consumer_groups_.describe(std::move(copy), caller);
    out.push_back(std::move(description));
  }
  co_return out;
}

Fault GroupCoordinator::remove_group(const std::string& id, const std::vector<StreamHandle>& streams,
                                     DurableWait& wait) {
  if (has_members(id)) return {KafkaError::non_empty_group, fmt::format("the group {} has members", quoted(id))};
  const bool remembered = consumer_groups_.find(id) != nullptr || recently_emptied(id);
  if (!remembered && !has_cursors(id, streams)) return no_such_group(id);
  consumer_groups_.erase(id);
  emptied_.erase(id);
  Fault kept;
  for (const StreamHandle& stream : streams) {
    Result<CursorRemoval> removal = remove_cursors(*stream->stream, id, [](const TopicPartition&) { return true; });
    if (!removal) return fault_of(removal.error(), Subject::storage);
    wait.add(stream, removal->lsn);
    if (kept.ok()) kept = kept_fault(*removal, id);
  }
  return kept;
}

Task<std::vector<Fault>> GroupCoordinator::remove(std::vector<std::string> ids, const Caller& caller,
                                                  std::stop_token stop) {
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  std::vector<Fault> out(ids.size());
  DurableWait wait;
  for (size_t i = 0; i < ids.size(); ++i) out[i] = remove_group(ids[i], streams, wait);
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
