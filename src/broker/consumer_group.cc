#include "broker/consumer_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "model/printable.h"

namespace distributary {
namespace {

// Whether there is something else.
template <class T>
bool take(T& into, const std::optional<T>& from) {
  if (!from || *from == into) return false;
  into = *from;
  return true;
}

// The member has joined with the new protocol.
void end_classic(ConsumerMember& member, const ConsumerHeartbeat& request) {
  if (!member.classic) return;
  member.classic.reset();
  if (!request.topic_names) member.topic_names.clear();
}

}  // namespace

std::string_view to_string(ConsumerGroupState state) {
  switch (state) {
    case ConsumerGroupState::empty: return "Empty";
    case ConsumerGroupState::assigning: return "Assigning";
    case ConsumerGroupState::reconciling: return "Reconciling";
    case ConsumerGroupState::stable: return "Stable";
  }
  return "Dead";
}

ConsumerGroupState ConsumerGroup::state() const {
  if (members_.empty()) return ConsumerGroupState::empty;
  if (epoch_ > target_epoch_) return ConsumerGroupState::assigning;
  const bool all_there = std::ranges::all_of(members_, [this](const auto& entry) {
    return entry.second.state == ConsumerMember::State::stable && entry.second.epoch == target_epoch_;
  });
  return all_there ? ConsumerGroupState::stable : ConsumerGroupState::reconciling;
}

// What most members ask for.
Assignor ConsumerGroup::assignor() const {
  std::map<Assignor, size_t> votes;
  for (const auto& [id, member] : members_) {
    if (member.assignor) ++votes[*member.assignor];
  }
  const auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  return most == votes.end() ? kDefaultAssignor : most->first;
}

Subscriptions ConsumerGroup::subscriptions() const {
  Subscriptions out;
  for (const auto& [id, member] : members_) {
    out.names.insert(member.topic_names.begin(), member.topic_names.end());
    if (!member.topic_pattern.empty()) out.patterns.try_emplace(member.pattern_key(), member.caller);
  }
  return out;
}

bool ConsumerGroup::subscribed_to(const TopicUuid& topic) const {
  return !members_.empty() && topics_.topics.contains(topic);
}

ConsumerHeartbeatAnswer ConsumerGroup::heartbeat(const ConsumerHeartbeat& request, const Caller& caller,
                                                 std::optional<TopicsFound> topics) {
  if (request.leaves()) return leave(request);
  ConsumerMember* member = nullptr;
  bool changed = false;
  Fault fault = request.epoch == kJoinEpoch ? join(request, member, changed) : find(request, member);
  if (!fault.ok()) return refuse(request, fault.error, std::move(fault.message));
  if (request.epoch == kJoinEpoch) changed_ = true;
  if (update(*member, request, caller)) changed = true;
  if (take_topics(std::move(topics))) changed = true;
  return progress(request, *member, changed);
}

bool ConsumerGroup::take_topics(std::optional<TopicsFound> topics) {
  if (!topics) return false;
  topics->topics.keep_only(subscriptions());
  const bool changed = topics->topics != topics_;
  topics_ = std::move(topics->topics);
  topics_version_ = std::move(topics->version);
  return changed;
}

ConsumerHeartbeatAnswer ConsumerGroup::progress(const ConsumerHeartbeat& request, ConsumerMember& member,
                                                bool subscription_changed) {
  if (subscription_changed) ++epoch_;
  if (epoch_ > target_epoch_) {
    choose_targets();
    changed_ = true;
  }
  const PartitionSet before = member.assigned;
  const ConsumerMember::State state_before = member.state;
  const int32_t epoch_before = member.epoch;
  const bool behind = request.epoch != member.epoch;  // the last answer did not reach it
  reconcile(member, request.owned);
  alive(member);
  if (member.assigned != before || member.state != state_before || member.epoch != epoch_before) changed_ = true;
  ConsumerHeartbeatAnswer answer;
  answer.member_id = member.id;
  answer.epoch = member.epoch;
  answer.heartbeat_interval = std::chrono::milliseconds(configs_.number(id_, kGroupHeartbeatInterval));
  const bool tell = request.epoch == kJoinEpoch || request.full() || behind || before != member.assigned;
  if (tell) answer.assignment = member.assigned;
  return answer;
}

ConsumerHeartbeatAnswer ConsumerGroup::refuse(const ConsumerHeartbeat& request, KafkaError error,
                                              std::string message) const {
  ConsumerHeartbeatAnswer answer;
  answer.fault = {error, std::move(message)};
  answer.member_id = request.member_id;
  answer.epoch = request.epoch;
  return answer;
}

Fault ConsumerGroup::find(const ConsumerHeartbeat& request, ConsumerMember*& out) {
  if (request.instance_id) {
    auto holder = instances_.find(*request.instance_id);
    if (holder == instances_.end()) {
      return {KafkaError::unknown_member_id,
              fmt::format("the group {} has no instance {}", quoted(id_), quoted(*request.instance_id))};
    }
    if (holder->second != request.member_id) {
      return {KafkaError::fenced_instance_id, fmt::format("the instance {} is now the member {}",
                                                          quoted(*request.instance_id), quoted(holder->second))};
    }
  }
  auto member = members_.find(request.member_id);
  if (member == members_.end() || member->second.classic) {
    return {KafkaError::unknown_member_id,
            fmt::format("the group {} has no member {}; join again", quoted(id_), quoted(request.member_id))};
  }
  out = &member->second;
  return request.leaves() ? Fault() : check_epoch(request, *out);
}

Fault ConsumerGroup::check_epoch(const ConsumerHeartbeat& request, const ConsumerMember& member) const {
  if (request.epoch == member.epoch) return {};
  // The answer with the new epoch was lost: the member goes on from where it thinks it is, if it reads nothing that it
  // may not.
  const bool last_answer_lost =
      request.epoch == member.previous_epoch && request.owned && std::ranges::includes(member.assigned, *request.owned);
  if (last_answer_lost) return {};
  return {KafkaError::fenced_member_epoch,
          fmt::format("the member is at epoch {}, not {}; it must give up its partitions and join again", member.epoch,
                      request.epoch)};
}

Fault ConsumerGroup::join(const ConsumerHeartbeat& request, ConsumerMember*& out, bool& changed) {
  auto known = members_.find(request.member_id);
  const auto holder = request.instance_id ? instances_.find(*request.instance_id) : instances_.end();
  if (holder != instances_.end() && holder->second != request.member_id) {
    ConsumerMember& old = members_.at(holder->second);
    if (old.epoch != kLeaveForNowEpoch && !old.classic) {
      return {KafkaError::unreleased_instance_id, fmt::format("the instance {} is still in use by the member {}",
                                                              quoted(*request.instance_id), quoted(old.id))};
    }
    out = &replace_static(old, request.member_id);
    end_classic(*out, request);
    return {};
  }
  if (known != members_.end() && known->second.instance_id == request.instance_id) {
    // It begins anew, and says by its epoch that it reads nothing.
    out = &known->second;
    end_classic(*out, request);
    release_all(*out);
    out->epoch = out->previous_epoch = kJoinEpoch;
    return {};
  }
  if (known != members_.end()) remove(request.member_id);
  if (members_.size() >= options_.members_max) {
    return {KafkaError::group_max_size_reached,
            fmt::format("the group {} has {} members, the most allowed", quoted(id_), members_.size())};
  }
  out = &add(request.member_id.empty() ? to_string(random_.uuid()) : request.member_id, request.instance_id);
  changed = true;
  return {};
}

ConsumerMember& ConsumerGroup::add(const std::string& member_id, const std::optional<std::string>& instance_id) {
  ConsumerMember& member = members_[member_id];
  member.id = member_id;
  member.instance_id = instance_id;
  if (instance_id) instances_[*instance_id] = member_id;
  return member;
}

// The client of a static member has started again: it takes the place of its former self, and nothing moves.
ConsumerMember& ConsumerGroup::replace_static(ConsumerMember& old, const std::string& new_id) {
  release_all(old);
  if (members_.contains(new_id)) remove(new_id);
  auto node = members_.extract(old.id);
  node.key() = new_id.empty() ? to_string(random_.uuid()) : new_id;
  ConsumerMember& placed = node.mapped();
  placed.id = node.key();
  placed.epoch = placed.previous_epoch = kJoinEpoch;
  instances_[*placed.instance_id] = placed.id;
  return members_.insert(std::move(node)).position->second;
}

bool ConsumerGroup::update(ConsumerMember& member, const ConsumerHeartbeat& request, const Caller& caller) {
  member.caller = caller;
  if (take(member.rack_id, request.rack_id)) changed_ = true;
  if (take(member.rebalance_timeout, request.rebalance_timeout)) changed_ = true;
  if (request.assignor) {
    const std::optional<Assignor> before = std::exchange(member.assignor, parse_assignor(*request.assignor));
    if (member.assignor != before) changed_ = true;
  }
  bool changed = false;
  if (request.topic_names) {
    std::vector<std::string> names = *request.topic_names;
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    changed = names != member.topic_names;
    member.topic_names = std::move(names);
  }
  if (request.topic_pattern && *request.topic_pattern != member.topic_pattern) {
    changed = true;
    member.topic_pattern = *request.topic_pattern;
  }
  return changed;
}

ConsumerHeartbeatAnswer ConsumerGroup::leave(const ConsumerHeartbeat& request) {
  ConsumerMember* member = nullptr;
  Fault fault = find(request, member);
  if (!fault.ok()) return refuse(request, fault.error, std::move(fault.message));
  if (request.epoch == kLeaveForNowEpoch) {
    release(member->revoking);
    member->revoking.clear();
    member->state = ConsumerMember::State::stable;
    member->rebalance_deadline = kNever;
    member->epoch = kLeaveForNowEpoch;
    changed_ = true;
    alive(*member);  // so long its partitions wait
  } else {
    remove(request.member_id);
  }
  ConsumerHeartbeatAnswer answer;
  answer.member_id = request.member_id;
  answer.epoch = request.epoch;
  return answer;
}

KafkaError ConsumerGroup::leave(const MemberClaim& claim) {
  std::string id = claim.member_id;
  if (claim.instance_id) {
    auto holder = instances_.find(*claim.instance_id);
    if (holder == instances_.end()) return KafkaError::unknown_member_id;
    if (!id.empty() && id != holder->second) return KafkaError::fenced_instance_id;
    id = holder->second;
  }
  if (!members_.contains(id)) return KafkaError::unknown_member_id;
  remove(id);
  return KafkaError::none;
}

KafkaError ConsumerGroup::check_commit(const MemberClaim& claim, CommitKind kind) {
  const bool transactional = kind == CommitKind::transactional;
  if (claim.generation < 0 && members_.empty()) return KafkaError::none;
  if (transactional && claim.names_nobody()) return KafkaError::none;
  auto member = members_.find(claim.member_id);
  if (member == members_.end()) return KafkaError::unknown_member_id;
  if (member->second.classic) {
    ConsumerMember* speaker = nullptr;
    KafkaError error = find_classic(claim, speaker);
    if (error != KafkaError::none) return error;
    alive(*speaker);
    has_committed_ = true;
    return KafkaError::none;
  }
  if (kind == CommitKind::plain) return KafkaError::unsupported_version;
  if (claim.generation != member->second.epoch) {
    return transactional ? KafkaError::illegal_generation : KafkaError::stale_member_epoch;
  }
  has_committed_ = true;
  return KafkaError::none;
}

KafkaError ConsumerGroup::check_fetch(const std::optional<std::string>& member_id, int32_t epoch) const {
  if (!member_id && epoch < 0) return KafkaError::none;
  auto member = members_.find(member_id.value_or(""));
  if (member == members_.end()) return KafkaError::unknown_member_id;
  if (epoch == member->second.epoch) return KafkaError::none;
  return member->second.classic ? KafkaError::illegal_generation : KafkaError::stale_member_epoch;
}

void ConsumerGroup::remove(const std::string& member_id) {
  auto found = members_.find(member_id);
  if (found == members_.end()) return;
  release_all(found->second);
  if (found->second.instance_id) instances_.erase(*found->second.instance_id);
  members_.erase(found);
  topics_.keep_only(subscriptions());
  ++epoch_;
  changed_ = true;
  if (!members_.empty()) return;
  emptied_ = now();
  due(emptied_ + options_.empty_group_kept);
}

void ConsumerGroup::alive(ConsumerMember& member) {
  const std::chrono::milliseconds configured(configs_.number(id_, kGroupSessionTimeout));
  member.session_deadline = now() + (member.classic ? member.classic->session_timeout : configured);
  due(member.session_deadline);
}

void ConsumerGroup::restore(ConsumerGroupSnapshot snapshot) {
  CHECK(members_.empty());
  epoch_ = snapshot.epoch;
  target_epoch_ = snapshot.target_epoch;
  topics_ = std::move(snapshot.topics);
  members_ = std::move(snapshot.members);
  for (auto& [id, member] : members_) {
    if (member.instance_id) instances_[*member.instance_id] = id;
    hold(member.assigned);
    hold(member.revoking);
    if (member.state == ConsumerMember::State::unrevoked) {
      member.rebalance_deadline = now() + member.rebalance_timeout;
      due(member.rebalance_deadline);
    }
    alive(member);
  }
}

void ConsumerGroup::take_over(ConsumerGroupSnapshot snapshot, bool committed) {
  restore(std::move(snapshot));
  topics_.keep_only(subscriptions());
  has_committed_ = committed;
  changed_ = true;
}

void ConsumerGroup::tick() {
  const SteadyTime at = now();
  std::vector<std::string> gone;
  for (const auto& [id, member] : members_) {
    if (member.next_deadline() <= at) gone.push_back(id);
  }
  for (const std::string& id : gone) remove(id);
  plan_next_tick();
}

void ConsumerGroup::plan_next_tick() {
  next_tick_ = kNever;
  for (const auto& [id, member] : members_) due(member.next_deadline());
  if (members_.empty() && !disposable()) due(emptied_ + options_.empty_group_kept);
}

}  // namespace distributary
