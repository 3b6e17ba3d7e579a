// Groups whose members change over from one protocol to the other: what GroupCoordinator does about them.
#include <fmt/format.h>

#include "base/log.h"
#include "broker/group_coordinator.h"
#include "broker/group_migration.h"
#include "model/printable.h"

namespace distributary {
namespace {

const Logger migration_logger("groups");

bool upgradable(const Group& group, const ConsumerHeartbeat& request) {
  return request.epoch == kJoinEpoch && !group.members().empty() && request.classic_reader != nullptr;
}

}  // namespace

bool GroupCoordinator::consumers_are_in(const std::string& id) const {
  const ConsumerGroup* group = consumer_groups_.find(id);
  return group != nullptr && !group->members().empty();
}

// nullopt: the group has become one of the classic protocol, or empty, and nothing has been waited for since that was
// seen.
Task<std::optional<JoinAnswer>> GroupCoordinator::join_consumers(JoinRequest& request) {
  ConsumerHeartbeat asked;
  asked.group = request.group;
  if (request.topic_names) {
    asked.topic_names = co_await consumer_groups_.visible_names(std::move(*request.topic_names), request.caller);
    request.topic_names = asked.topic_names;
  }
  const ConsumerGroups::OtherSubscriptions others = [] { return Subscriptions(); };
  std::optional<TopicsFound> topics = co_await consumer_groups_.topics_for(asked, request.caller, others);
  if (!consumers_are_in(request.group)) co_return std::nullopt;
  co_return consumer_groups_.join(std::move(request), std::move(topics));
}

Subscriptions GroupCoordinator::classic_subscriptions(const ConsumerHeartbeat& request) const {
  const Group* group = groups_.find(request.group);
  if (group == nullptr || !upgradable(*group, request)) return {};
  std::optional<ClassicHoldings> holdings = read_holdings(*group, *request.classic_reader);
  return holdings ? names_in(*group, *holdings) : Subscriptions();
}

Fault GroupCoordinator::upgrade(const ConsumerHeartbeat& request, const std::optional<TopicsFound>& topics) {
  Group* group = groups_.find(request.group);
  if (group == nullptr) return {};
  if (request.leaves()) {
    return {KafkaError::group_id_not_found,
            fmt::format("all members of the group {} speak the classic protocol", quoted(request.group))};
  }
  if (request.epoch != kJoinEpoch) {
    return {KafkaError::unknown_member_id,
            fmt::format("the group {} has no member {}; join again", quoted(request.group), quoted(request.member_id))};
  }
  if (group->members().empty()) {
    groups_.erase(request.group);
    return {};
  }
  std::optional<ClassicHoldings> holdings;
  if (upgradable(*group, request)) holdings = read_holdings(*group, *request.classic_reader);
  if (!holdings) {
    return {KafkaError::group_id_not_found,
            fmt::format("the group {} has members of the classic protocol whose subscriptions cannot be read",
                        quoted(request.group))};
  }
  if (group->members().size() >= context_.options.group.members_max) {
    return {KafkaError::group_max_size_reached, fmt::format("the group {} has {} members, the most allowed",
                                                            quoted(request.group), group->members().size())};
  }
  if (!topics) return {KafkaError::coordinator_not_available, "the group changes too fast; try again"};
  migration_logger.info("a group changes over to the new protocol",
                        {{"group", request.group}, {"members", group->members().size()}});
  ConsumerGroupSnapshot members = upgraded(*group, *holdings, topics->topics);
  const bool committed = group->has_committed();
  group->dissolve();
  groups_.erase(request.group);
  consumer_groups_.take_over(request.group, std::move(members), committed);
  return {};
}

void GroupCoordinator::downgrade_if_due(const std::string& id, bool after_restart) {
  const ConsumerGroup* consumers = consumer_groups_.find(id);
  if (consumers == nullptr || !consumers->all_classic()) return;
  migration_logger.info("a group changes back to the classic protocol",
                        {{"group", id}, {"members", consumers->members().size()}});
  GroupSnapshot members = downgraded(*consumers);
  for (auto& [member_id, member] : members.members) member.silent = after_restart;
  std::string kept = consumers->snapshot();
  const bool committed = consumers->has_committed();
  const std::string copy = id;  // it may be the group's own
  consumer_groups_.erase(copy);
  Group& group = groups_.add(
      std::make_unique<Group>(context_.world.executor, context_.world.random, context_.options.group, copy));
  group.take_over(std::move(members), committed, std::move(kept));
  groups_.settle(copy);
}

}  // namespace distributary
