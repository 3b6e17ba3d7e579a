// What each member is to have, and how it gets there: the other half of ConsumerGroup.
#include <algorithm>

#include "broker/consumer_group.h"

namespace distributary {
namespace {

// The member says that it reads none of them. A heartbeat that does not say what it owns says nothing.
bool gave_up(const PartitionSet& partitions, const std::optional<PartitionSet>& owned) {
  return owned && intersection(partitions, *owned).empty();
}

void move_to(ConsumerMember& member, int32_t epoch) {
  if (epoch == member.epoch) return;
  member.previous_epoch = member.epoch;
  member.epoch = epoch;
}

}  // namespace

ConsumerGroup::Topics ConsumerGroup::topics_of(const ConsumerMember& member) const {
  Topics out;
  for (const std::string& name : member.topic_names) {
    auto found = topics_.by_name.find(name);
    if (found != topics_.by_name.end()) out.push_back(found->second);
  }
  if (!member.topic_pattern.empty()) {
    auto found = topics_.by_pattern.find(member.pattern_key());
    if (found != topics_.by_pattern.end()) out.insert(out.end(), found->second.begin(), found->second.end());
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Static members first, by instance: so they stand in the same place when they come back under another member id.
void ConsumerGroup::choose_targets() {
  std::vector<ConsumerMember*> order;
  order.reserve(members_.size());
  for (const auto& [instance, id] : instances_) order.push_back(&members_.at(id));
  for (auto& [id, member] : members_) {
    if (!member.instance_id) order.push_back(&member);
  }
  AssignmentTask task;
  for (const auto& [id, info] : topics_.topics) task.topics.emplace(id, info.partitions);
  task.members.reserve(order.size());
  for (ConsumerMember* member : order) task.members.push_back({topics_of(*member), std::move(member->target)});
  std::vector<PartitionSet> targets = assign(assignor(), task);
  for (size_t i = 0; i < order.size(); ++i) order[i]->target = std::move(targets[i]);
  target_epoch_ = epoch_;
}

void ConsumerGroup::release(const PartitionSet& partitions) {
  for (const TopicPartition& partition : partitions) held_.erase(partition);
}

void ConsumerGroup::release_all(ConsumerMember& member) {
  release(member.assigned);
  release(member.revoking);
  member.assigned.clear();
  member.revoking.clear();
  member.state = ConsumerMember::State::stable;
  member.rebalance_deadline = kNever;
}

void ConsumerGroup::reconcile(ConsumerMember& member, const std::optional<PartitionSet>& owned) {
  switch (member.state) {
    case ConsumerMember::State::stable:
      if (member.epoch != target_epoch_) advance(member, member.epoch, owned);
      return;
    case ConsumerMember::State::unrevoked:
      if (gave_up(member.revoking, owned)) advance(member, member.epoch + 1, owned);
      return;
    case ConsumerMember::State::unreleased: advance(member, member.epoch, owned); return;
  }
}

// `epoch` is where the member stays if it has to give up something first.
void ConsumerGroup::advance(ConsumerMember& member, int32_t epoch, const std::optional<PartitionSet>& owned) {
  const PartitionSet had = std::move(member.assigned);
  release(had);
  release(member.revoking);
  member.revoking.clear();
  const PartitionSet kept = intersection(had, member.target);
  PartitionSet surplus = difference(had, kept);
  if (!surplus.empty() && !gave_up(surplus, owned)) {
    move_to(member, epoch);
    member.state = ConsumerMember::State::unrevoked;
    member.assigned = kept;
    member.revoking = std::move(surplus);
    member.rebalance_deadline = now() + member.rebalance_timeout;
    due(member.rebalance_deadline);
  } else {
    PartitionSet missing = difference(member.target, kept);
    const size_t unreleased = std::erase_if(missing, [this](const TopicPartition& p) { return held_.contains(p); });
    move_to(member, target_epoch_);
    member.state = unreleased > 0 ? ConsumerMember::State::unreleased : ConsumerMember::State::stable;
    member.assigned = united(kept, missing);
    member.rebalance_deadline = kNever;
  }
  hold(member.assigned);
  hold(member.revoking);
}

}  // namespace distributary
