#include "broker/group_migration.h"

#include <set>

namespace distributary {
namespace {

// Without an assignment of its own since a rebalance began, the member reads what it said when it joined.
std::optional<std::vector<NamedPartitions>> read_holding(const Group& group, const GroupMember& member,
                                                         const ConsumerProtocolReader& reader) {
  if (!member.assignment.empty()) return reader.assigned(member.assignment);
  if (group.state() == GroupState::stable || member.protocols.empty()) return std::vector<NamedPartitions>();
  const Bytes* metadata = member.metadata(group.protocol_name());
  return reader.owned(metadata != nullptr ? *metadata : member.protocols.front().metadata);
}

// What exists of it and nobody else has claimed.
PartitionSet take_partitions(const std::vector<NamedPartitions>& named, const GroupTopics& topics,
                             std::set<TopicPartition>& taken) {
  PartitionSet out;
  for (const NamedPartitions& topic : named) {
    auto known = topics.by_name.find(topic.topic);
    if (known == topics.by_name.end()) continue;
    const int64_t count = topics.topics.at(known->second).partitions;
    for (int32_t number : topic.partitions) {
      if (number < 0 || number >= count) continue;
      const TopicPartition partition{known->second, static_cast<PartitionIndex>(number)};
      if (taken.insert(partition).second) out.push_back(partition);
    }
  }
  make_set(out);
  return out;
}

}  // namespace

std::optional<ClassicHoldings> read_holdings(const Group& group, const ConsumerProtocolReader& reader) {
  if (group.protocol_type() != kConsumerProtocolType) return std::nullopt;
  ClassicHoldings out;
  for (const auto& [id, member] : group.members()) {
    if (!member.topic_names) return std::nullopt;
    std::optional<std::vector<NamedPartitions>> holding = read_holding(group, member, reader);
    if (!holding) return std::nullopt;
    out[id] = std::move(*holding);
  }
  return out;
}

Subscriptions names_in(const Group& group, const ClassicHoldings& holdings) {
  Subscriptions out;
  for (const auto& [id, member] : group.members()) {
    if (member.topic_names) out.names.insert(member.topic_names->begin(), member.topic_names->end());
  }
  for (const auto& [id, holding] : holdings) {
    for (const NamedPartitions& topic : holding) out.names.insert(topic.topic);
  }
  return out;
}

ConsumerGroupSnapshot upgraded(const Group& group, const ClassicHoldings& holdings, const GroupTopics& topics) {
  ConsumerGroupSnapshot out;
  const int32_t generation = group.generation();
  out.target_epoch = generation;
  out.epoch = group.state() == GroupState::stable ? generation : generation + 1;  // a rebalance goes on
  out.topics = topics;
  std::set<TopicPartition> taken;
  for (const auto& [id, from] : group.members()) {
    ConsumerMember& to = out.members[id];
    to.id = id;
    to.instance_id = from.instance_id;
    to.caller.client_id = from.client_id;
    to.caller.client_host = from.client_host;
    to.rebalance_timeout = from.rebalance_timeout;
    to.topic_names = from.topic_names.value_or(std::vector<std::string>());
    to.classic = ClassicTerms{from.session_timeout, from.protocols, kNever};
    to.epoch = to.previous_epoch = generation;
    to.assigned = take_partitions(holdings.at(id), topics, taken);
    to.target = to.assigned;
  }
  return out;
}

GroupSnapshot downgraded(const ConsumerGroup& group) {
  GroupSnapshot out;
  out.protocol_type = kConsumerProtocolType;
  out.generation = group.epoch();
  out.leader = group.members().begin()->first;
  for (const auto& [id, from] : group.members()) {
    GroupMember& to = out.members[id];
    to.id = id;
    to.instance_id = from.instance_id;
    to.client_id = from.caller.client_id;
    to.client_host = from.caller.client_host;
    to.session_timeout = from.classic->session_timeout;
    to.rebalance_timeout = from.rebalance_timeout;
    to.protocols = from.classic->protocols;
    to.topic_names = from.topic_names;
    to.former_epoch = from.epoch;
  }
  return out;
}

}  // namespace distributary
