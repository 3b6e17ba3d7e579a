// Members of the classic protocol: a third part of ConsumerGroup.
#include <algorithm>

#include "broker/consumer_group.h"

namespace distributary {
namespace {

PartitionSet resolve_named(const std::vector<NamedPartitions>& named, const GroupTopics& topics) {
  PartitionSet out;
  for (const NamedPartitions& topic : named) {
    auto known = topics.by_name.find(topic.topic);
    if (known == topics.by_name.end()) continue;  // there is no such topic any more
    for (int32_t partition : topic.partitions) {
      if (partition >= 0) out.push_back({known->second, static_cast<PartitionIndex>(partition)});
    }
  }
  make_set(out);
  return out;
}

bool supports(const std::vector<GroupProtocol>& protocols, std::string_view name) {
  return std::ranges::any_of(protocols, [name](const GroupProtocol& known) { return known.name == name; });
}

// What the member would say in the new protocol.
ConsumerHeartbeat as_heartbeat(const JoinRequest& request, const GroupTopics& topics) {
  ConsumerHeartbeat out;
  out.group = request.group;
  out.member_id = request.member_id;
  out.instance_id = request.instance_id;
  out.rack_id = request.rack_id;
  out.rebalance_timeout = request.rebalance_timeout;
  out.topic_names = request.topic_names;
  out.topic_pattern = std::string();
  out.owned = resolve_named(request.owned, topics);
  return out;
}

}  // namespace

bool ConsumerGroup::all_classic() const {
  return !members_.empty() &&
         std::ranges::all_of(members_, [](const auto& entry) { return entry.second.classic.has_value(); });
}

// With all others that speak the classic protocol: they may have to go on with it among themselves.
bool ConsumerGroup::shares_protocol(const JoinRequest& request) const {
  if (request.protocol_type != kConsumerProtocolType || !request.topic_names) return false;
  return std::ranges::any_of(request.protocols, [&](const GroupProtocol& protocol) {
    return std::ranges::all_of(members_, [&](const auto& entry) {
      const ConsumerMember& member = entry.second;
      const bool itself =
          member.id == request.member_id || (request.instance_id && member.instance_id == request.instance_id);
      return itself || !member.classic || supports(member.classic->protocols, protocol.name);
    });
  });
}

KafkaError ConsumerGroup::find_joining(const JoinRequest& request, ConsumerMember*& out, bool& changed) {
  const std::string new_id = request.instance_id.value_or(request.caller.client_id) + "-" + to_string(random_.uuid());
  const auto holder = request.instance_id ? instances_.find(*request.instance_id) : instances_.end();
  if (holder != instances_.end() && holder->second != request.member_id) {
    if (!request.member_id.empty()) return KafkaError::fenced_instance_id;
    out = &replace_static(members_.at(holder->second), new_id);
    out->assignor.reset();
    return KafkaError::none;
  }
  auto known = members_.find(request.member_id);
  if (known != members_.end()) {
    const bool same_instance = !request.instance_id || known->second.instance_id == request.instance_id;
    if (!known->second.classic || !same_instance) return KafkaError::unknown_member_id;
    out = &known->second;
    return KafkaError::none;
  }
  // An id that was given with MEMBER_ID_REQUIRED is not remembered: whoever reads nothing may come with any.
  const bool owns = std::ranges::any_of(request.owned, [](const auto& topic) { return !topic.partitions.empty(); });
  if (!request.member_id.empty() && (request.instance_id || owns)) {
    return KafkaError::unknown_member_id;
  }
  if (members_.size() >= options_.members_max) return KafkaError::group_max_size_reached;
  out = &add(request.member_id.empty() ? new_id : request.member_id, request.instance_id);
  changed = true;
  return KafkaError::none;
}

JoinAnswer ConsumerGroup::join(JoinRequest request, std::optional<TopicsFound> topics) {
  JoinAnswer refused{.member_id = request.member_id};
  if (!shares_protocol(request)) {
    refused.error = KafkaError::inconsistent_group_protocol;
    return refused;
  }
  if (request.member_id.empty() && !request.instance_id && request.known_id_needed) {
    refused.error = KafkaError::member_id_required;
    refused.member_id = request.caller.client_id + "-" + to_string(random_.uuid());
    return refused;
  }
  const ConsumerHeartbeat asked = as_heartbeat(request, topics ? topics->topics : topics_);
  ConsumerMember* member = nullptr;
  bool changed = false;
  refused.error = find_joining(request, member, changed);
  if (refused.error != KafkaError::none) return refused;
  changed_ = true;
  member->classic = ClassicTerms{request.session_timeout, std::move(request.protocols), kNever};
  if (update(*member, asked, request.caller)) changed = true;
  if (take_topics(std::move(topics))) changed = true;
  progress(asked, *member, changed);
  expect(*member);
  JoinAnswer answer;
  answer.generation = member->epoch;
  answer.protocol_type = kConsumerProtocolType;
  answer.protocol_name = member->classic->protocols.front().name;
  answer.member_id = member->id;  // nobody leads: the assignment is made here
  return answer;
}

KafkaError ConsumerGroup::find_classic(const MemberClaim& claim, ConsumerMember*& out) {
  if (claim.instance_id) {
    auto holder = instances_.find(*claim.instance_id);
    if (holder == instances_.end()) return KafkaError::unknown_member_id;
    if (holder->second != claim.member_id) return KafkaError::fenced_instance_id;
  }
  auto member = members_.find(claim.member_id);
  if (member == members_.end() || !member->second.classic) return KafkaError::unknown_member_id;
  out = &member->second;
  return claim.generation == out->epoch ? KafkaError::none : KafkaError::illegal_generation;
}

// The next request that brings it further comes within its rebalance timeout.
void ConsumerGroup::expect(ConsumerMember& member) {
  if (member.classic->deadline == kNever) member.classic->deadline = now() + member.rebalance_timeout;
  due(member.classic->deadline);
}

// To say that it has given up what it was told to, or to get what others have given up, or for another epoch.
bool ConsumerGroup::must_join(const ConsumerMember& member) const {
  if (member.epoch < epoch_ || member.state == ConsumerMember::State::unrevoked) return true;
  if (member.state == ConsumerMember::State::stable) return false;
  return std::ranges::none_of(difference(member.target, member.assigned),
                              [this](const TopicPartition& partition) { return held_.contains(partition); });
}

KafkaError ConsumerGroup::heartbeat(const MemberClaim& claim) {
  ConsumerMember* member = nullptr;
  KafkaError error = find_classic(claim, member);
  if (error != KafkaError::none) return error;
  alive(*member);
  if (!must_join(*member)) return KafkaError::none;
  expect(*member);
  return KafkaError::rebalance_in_progress;
}

std::vector<NamedPartitions> ConsumerGroup::named(const ConsumerMember& member) const {
  std::map<TopicUuid, NamedPartitions> topics;
  for (const TopicPartition& partition : member.assigned) {
    topics[partition.topic].partitions.push_back(static_cast<int32_t>(partition.partition));
  }
  std::vector<NamedPartitions> out;
  for (const std::string& name : member.topic_names) {
    auto known = topics_.by_name.find(name);
    auto found = known == topics_.by_name.end() ? topics.end() : topics.find(known->second);
    if (found == topics.end()) continue;
    found->second.topic = name;
    out.push_back(std::move(found->second));
    topics.erase(found);
  }
  return out;
}

SyncAnswer ConsumerGroup::sync(const SyncRequest& request) {
  SyncAnswer answer;
  ConsumerMember* member = nullptr;
  answer.error = find_classic(request.claim, member);
  if (answer.error != KafkaError::none) return answer;
  alive(*member);
  // Who was told to give something up has to be told the rest of it first.
  if (member->epoch < epoch_ && member->state != ConsumerMember::State::unrevoked) {
    expect(*member);
    answer.error = KafkaError::rebalance_in_progress;
    return answer;
  }
  const auto& protocols = member->classic->protocols;
  if ((request.protocol_type && *request.protocol_type != kConsumerProtocolType) ||
      (request.protocol_name && !supports(protocols, *request.protocol_name))) {
    answer.error = KafkaError::inconsistent_group_protocol;
    return answer;
  }
  member->classic->deadline = kNever;
  answer.protocol_type = kConsumerProtocolType;
  answer.protocol_name = request.protocol_name ? request.protocol_name : protocols.front().name;
  answer.unwritten = UnwrittenAssignment{named(*member), protocols.front().metadata};
  return answer;
}

}  // namespace distributary
