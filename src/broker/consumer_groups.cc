#include "broker/consumer_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/topic_pattern.h"
#include "model/printable.h"

namespace distributary {
namespace {

constexpr int kLooksMax = 3;  // while others change their subscriptions meanwhile

Fault invalid_group(std::string message) { return {KafkaError::invalid_request, std::move(message)}; }

Fault check_epoch(const ConsumerHeartbeat& request) {
  if (request.epoch < kLeaveForNowEpoch)
    return invalid_group(fmt::format("there is no member epoch {}", request.epoch));
  if (request.epoch == kLeaveForNowEpoch && !request.instance_id) {
    return invalid_group("only a static member can leave for now: the instance id is missing");
  }
  if (request.epoch != kJoinEpoch) return {};
  if (!request.rebalance_timeout) return invalid_group("the rebalance timeout is missing from a request to join");
  if (!request.subscribes()) return invalid_group("a request to join names neither topics nor a regular expression");
  if (!request.owned || !request.owned->empty()) return invalid_group("who joins owns no partitions, and must say so");
  return {};
}

void add_subscription(Subscriptions& out, const ConsumerHeartbeat& request, const Caller& caller) {
  if (request.topic_names) out.names.insert(request.topic_names->begin(), request.topic_names->end());
  if (request.topic_pattern && !request.topic_pattern->empty()) {
    out.patterns.try_emplace({*request.topic_pattern, caller.principal.user}, caller);
  }
}

bool covers(const Subscriptions& all, const Subscriptions& some) {
  return std::ranges::includes(all.names, some.names) &&
         std::ranges::all_of(some.patterns, [&all](const auto& item) { return all.patterns.contains(item.first); });
}

}  // namespace

Fault ConsumerGroups::check(const ConsumerHeartbeat& request) const {
  if (request.group.empty()) return invalid_group("the group id is empty");
  if (request.group.size() > kGroupIdBytesMax) {
    return invalid_group(
        fmt::format("the group id has {} bytes; at most {} are allowed", request.group.size(), kGroupIdBytesMax));
  }
  const bool id_needed = request.makes_member_ids || request.epoch != kJoinEpoch;
  if (request.member_id.empty() && id_needed) return invalid_group("the member id is empty");
  if (request.instance_id && request.instance_id->empty()) return invalid_group("the instance id is empty");
  if (request.rack_id && request.rack_id->empty()) return invalid_group("the rack id is empty");
  Fault fault = check_epoch(request);
  if (!fault.ok()) return fault;
  size_t bytes =
      request.member_id.size() + request.instance_id.value_or("").size() + request.rack_id.value_or("").size();
  if (request.topic_names) {
    for (const std::string& name : *request.topic_names) bytes += name.size();
  }
  if (bytes > context_.options.group.metadata_bytes_max) {
    return invalid_group(
        fmt::format("a member may say {} bytes about itself", context_.options.group.metadata_bytes_max));
  }
  if (request.assignor && !parse_assignor(*request.assignor)) {
    return {KafkaError::unsupported_assignor,
            fmt::format("there is no assignor {}; there are: {}", quoted(*request.assignor), kAssignorNames)};
  }
  if (request.topic_pattern) {
    Result<TopicPattern> pattern = TopicPattern::parse(*request.topic_pattern);
    if (!pattern) return {KafkaError::invalid_regular_expression, pattern.error().message};
  }
  return {};
}

Task<Fault> ConsumerGroups::check_names(const std::vector<std::string>& names, const Caller& caller) {
  TopicLookup lookup(context_.directory, caller);
  for (const std::string& name : names) {
    TopicReference reference{name, {}};
    FoundTopic found = co_await lookup.find(reference);
    if (found.fault.error == KafkaError::topic_authorization_failed) co_return found.fault;
  }
  co_return Fault();
}

Task<std::vector<std::string>> ConsumerGroups::visible_names(std::vector<std::string> names, const Caller& caller) {
  TopicLookup lookup(context_.directory, caller);
  std::vector<std::string> out;
  for (std::string& name : names) {
    TopicReference reference{name, {}};
    FoundTopic found = co_await lookup.find(reference);
    if (found.fault.error != KafkaError::topic_authorization_failed) out.push_back(std::move(name));
  }
  co_return out;
}

Task<std::optional<TopicsFound>> ConsumerGroups::topics_for(const ConsumerHeartbeat& request, const Caller& caller,
                                                            const OtherSubscriptions& others) {
  const ConsumerGroup* group = find(request.group);
  const bool due = group != nullptr && group->look_due();
  if (request.leaves() || (!request.subscribes() && !due)) co_return std::nullopt;
  TopicsFound found;
  for (int look = 0; look < kLooksMax; ++look) {
    Subscriptions wanted = others();
    if (ConsumerGroup* present = find(request.group)) {
      wanted = present->subscriptions();
      present->postpone_look();
    }
    add_subscription(wanted, request, caller);
    // The version first: what changes meanwhile is seen the next time.
    Subscriptions copy = wanted;
    found.version = co_await resolver_.version(std::move(copy));
    group = find(request.group);
    if (!request.subscribes() && group != nullptr && group->topics_version() == found.version) co_return std::nullopt;
    copy = wanted;
    found.topics = co_await resolver_.resolve(std::move(copy));
    group = find(request.group);
    if (covers(wanted, others()) && (group == nullptr || covers(wanted, group->subscriptions()))) co_return found;
  }
  if (ConsumerGroup* present = find(request.group)) present->forget_topics_version();
  co_return std::nullopt;
}

ConsumerGroup& ConsumerGroups::add(const std::string& id) {
  return groups_.add(std::make_unique<ConsumerGroup>(context_.world.executor, context_.world.random,
                                                     context_.options.group, configs_, id));
}

void ConsumerGroups::restore(const std::string& id, ConsumerGroupSnapshot snapshot) {
  add(id).restore(std::move(snapshot));
  settle(id);
}

void ConsumerGroups::take_over(const std::string& id, ConsumerGroupSnapshot snapshot, bool committed) {
  add(id).take_over(std::move(snapshot), committed);
}

JoinAnswer ConsumerGroups::join(JoinRequest request, std::optional<TopicsFound> topics) {
  const std::string id = request.group;
  JoinAnswer answer = find(id)->join(std::move(request), std::move(topics));
  settle(id);
  return answer;
}

ConsumerHeartbeatAnswer ConsumerGroups::heartbeat(const ConsumerHeartbeat& request, const Caller& caller,
                                                  std::optional<TopicsFound> topics, bool room) {
  ConsumerHeartbeatAnswer answer;
  answer.member_id = request.member_id;
  answer.epoch = request.epoch;
  ConsumerGroup* group = find(request.group);
  if (group == nullptr && request.epoch != kJoinEpoch) {
    // Who was a member of a group that could not be kept over a restart is told to join again. Who leaves has left.
    answer.fault = {request.leaves() ? KafkaError::group_id_not_found : KafkaError::unknown_member_id,
                    fmt::format("the group {} has no members here", quoted(request.group))};
    return answer;
  }
  if (group == nullptr && !room) {
    answer.fault = {KafkaError::group_max_size_reached, "this node coordinates as many groups as it may"};
    return answer;
  }
  if (group == nullptr) {
    group = &add(request.group);
    group->postpone_look();
  }
  answer = group->heartbeat(request, caller, std::move(topics));
  settle(request.group);
  return answer;
}

namespace {

using Description = ConsumerGroupDescription;

std::vector<Description::Partitions> by_topic(const PartitionSet& partitions, const GroupTopics& topics) {
  std::vector<Description::Partitions> out;
  for (const TopicPartition& partition : partitions) {
    if (out.empty() || out.back().topic != partition.topic) {
      auto known = topics.topics.find(partition.topic);
      out.push_back({partition.topic, known == topics.topics.end() ? std::string() : known->second.name, {}});
    }
    out.back().partitions.push_back(static_cast<int32_t>(partition.partition));
  }
  return out;
}

Description describe_group(const ConsumerGroup& group) {
  Description out;
  out.id = group.id();
  out.state = to_string(group.state());
  out.epoch = group.epoch();
  out.assignment_epoch = group.target_epoch();
  out.assignor = to_string(group.assignor());
  for (const auto& [id, member] : group.members()) {
    Description::Member& about = out.members.emplace_back();
    about.id = id;
    about.instance_id = member.instance_id;
    about.rack_id = member.rack_id;
    about.epoch = member.epoch;
    about.client_id = member.caller.client_id;
    about.client_host = member.caller.client_host;
    about.topic_names = member.topic_names;
    about.topic_pattern = member.topic_pattern;
    about.classic = member.classic.has_value();
    about.assigned = by_topic(member.assigned, group.topics());
    about.target = by_topic(member.target, group.topics());
  }
  return out;
}

}  // namespace

Task<ConsumerGroupDescription> ConsumerGroups::describe(std::string id, const Caller& caller) {
  Description out;
  out.id = id;
  const ConsumerGroup* group = find(id);
  if (group == nullptr) {
    out.fault = {KafkaError::group_id_not_found, fmt::format("there is no consumer group {}", quoted(id))};
    co_return out;
  }
  out = describe_group(*group);
  std::vector<std::string> names;
  for (const auto& [topic, info] : group->topics().topics) names.push_back(info.name);
  Fault refused = co_await check_names(names, caller);
  if (!refused.ok()) {
    Description hidden;
    hidden.id = std::move(id);
    hidden.fault = std::move(refused);
    co_return hidden;
  }
  co_return out;
}

}  // namespace distributary
