#include "broker/group.h"

#include <algorithm>

#include "base/check.h"

namespace distributary {

std::string_view to_string(GroupState state) {
  switch (state) {
    case GroupState::empty: return "Empty";
    case GroupState::preparing_rebalance: return "PreparingRebalance";
    case GroupState::completing_rebalance: return "CompletingRebalance";
    case GroupState::stable: return "Stable";
  }
  return "Dead";
}

ReplyHandle<JoinAnswer> Group::answered(JoinAnswer answer) {
  auto reply = std::make_shared<Reply<JoinAnswer>>(executor_);
  reply->give(std::move(answer));
  return reply;
}

KafkaError Group::find(const MemberClaim& claim, GroupMember*& out) {
  if (claim.instance_id) {
    auto holder = instances_.find(*claim.instance_id);
    if (holder == instances_.end()) return KafkaError::unknown_member_id;
    if (holder->second != claim.member_id) {
      // The instance may have got another id in a generation that did not come to be before a restart of the node:
      // fencing is for ever, so let it join again.
      return members_.at(holder->second).silent ? KafkaError::unknown_member_id : KafkaError::fenced_instance_id;
    }
  }
  auto member = members_.find(claim.member_id);
  if (member == members_.end()) return KafkaError::unknown_member_id;
  out = &member->second;
  return KafkaError::none;
}

KafkaError Group::find_in_generation(const MemberClaim& claim, GroupMember*& out) {
  KafkaError error = find(claim, out);
  if (error != KafkaError::none) return error;
  return claim.generation == out->former_epoch.value_or(generation_) ? KafkaError::none
                                                                     : KafkaError::illegal_generation;
}

void Group::alive(GroupMember& member) {
  member.session_deadline = now() + member.session_timeout;
  member.silent = false;
  due(member.session_deadline);
}

ReplyHandle<SyncAnswer> Group::sync(SyncRequest request) {
  auto reply = std::make_shared<Reply<SyncAnswer>>(executor_);
  GroupMember* member = nullptr;
  KafkaError error = find_in_generation(request.claim, member);
  const bool other_protocol = (request.protocol_type && *request.protocol_type != protocol_type_) ||
                              (request.protocol_name && *request.protocol_name != protocol_name_);
  if (error == KafkaError::none && state_ == GroupState::preparing_rebalance) error = KafkaError::rebalance_in_progress;
  if (error == KafkaError::none && other_protocol) error = KafkaError::inconsistent_group_protocol;
  if (error != KafkaError::none) {
    reply->give({error, {}, {}, {}});
    return reply;
  }
  if (state_ == GroupState::completing_rebalance) {
    if (member->syncing) member->syncing->give({KafkaError::rebalance_in_progress, {}, {}, {}});
    member->syncing = reply;
    member->synced = true;
    if (member->id != leader_) return reply;
    for (auto& [id, assignment] : request.assignments) {
      auto assigned = members_.find(id);
      if (assigned != members_.end()) assigned->second.assignment = std::move(assignment);
    }
    give_assignments();
    return reply;
  }
  member->synced = true;
  alive(*member);
  reply->give({KafkaError::none, protocol_type_, protocol_name_, member->assignment});
  return reply;
}

void Group::give_assignments() {
  state_ = GroupState::stable;
  changed_ = has_been_stable_ = true;
  kept_.clear();
  for (auto& [id, member] : members_) {
    if (!member.syncing) continue;
    auto reply = std::exchange(member.syncing, nullptr);
    alive(member);
    reply->give({KafkaError::none, protocol_type_, protocol_name_, member.assignment});
  }
}

void Group::fail_syncs(KafkaError error) {
  for (auto& [id, member] : members_) {
    member.assignment = Bytes();
    if (!member.syncing) continue;
    auto reply = std::exchange(member.syncing, nullptr);
    alive(member);
    reply->give({error, {}, {}, {}});
  }
}

KafkaError Group::heartbeat(const MemberClaim& claim) {
  GroupMember* member = nullptr;
  KafkaError error = find_in_generation(claim, member);
  if (error != KafkaError::none) return error;
  if (!member->waits()) alive(*member);
  return state_ == GroupState::preparing_rebalance ? KafkaError::rebalance_in_progress : KafkaError::none;
}

KafkaError Group::leave(const MemberClaim& claim) {
  if (pending_.erase(claim.member_id) > 0) {
    complete_join_if_ready();
    return KafkaError::none;
  }
  MemberClaim full = claim;
  if (full.member_id.empty() && full.instance_id) {
    auto holder = instances_.find(*full.instance_id);
    if (holder != instances_.end()) full.member_id = holder->second;
  }
  GroupMember* member = nullptr;
  KafkaError error = find(full, member);
  if (error == KafkaError::none) remove(full.member_id, KafkaError::unknown_member_id);
  return error;
}

KafkaError Group::check_commit(const MemberClaim& claim, CommitKind kind) {
  const bool transactional = kind == CommitKind::transactional;
  if (claim.generation < 0 && members_.empty()) return KafkaError::none;
  if (claim.names_nobody()) return transactional ? KafkaError::none : KafkaError::unknown_member_id;
  GroupMember* member = nullptr;
  KafkaError error = find_in_generation(claim, member);
  if (error != KafkaError::none) return error;
  if (!transactional && state_ == GroupState::completing_rebalance) return KafkaError::rebalance_in_progress;
  if (!member->waits()) alive(*member);
  has_committed_ = true;
  return KafkaError::none;
}

void Group::abandon(const Reply<JoinAnswer>* reply) {
  for (auto& [id, member] : members_) {
    if (member.joining.get() != reply) continue;
    member.joining = nullptr;
    alive(member);
    return;
  }
}

void Group::abandon(const Reply<SyncAnswer>* reply) {
  for (auto& [id, member] : members_) {
    if (member.syncing.get() != reply) continue;
    member.syncing = nullptr;
    alive(member);
    return;
  }
}

void Group::remove(const std::string& member_id, KafkaError told) {
  auto found = members_.find(member_id);
  if (found == members_.end()) return;
  GroupMember member = std::move(found->second);
  members_.erase(found);
  if (member.instance_id) instances_.erase(*member.instance_id);
  if (member.joining) member.joining->give({.error = told, .member_id = member.id});
  if (member.syncing) member.syncing->give({told, {}, {}, {}});
  if (leader_ == member.id) leader_ = members_.empty() ? std::string() : members_.begin()->first;
  if (state_ == GroupState::preparing_rebalance) {
    complete_join_if_ready();
  } else {
    prepare_rebalance();
  }
}

void Group::expire_members() {
  const SteadyTime at = now();
  std::erase_if(pending_, [at](const auto& pending) { return pending.second <= at; });
  std::vector<std::string> gone;
  const bool sync_over = state_ == GroupState::completing_rebalance && phase_deadline_ <= at;
  for (const auto& [id, member] : members_) {
    if (member.waits()) continue;
    if (member.session_deadline <= at || (sync_over && !member.synced)) gone.push_back(id);
  }
  for (const std::string& id : gone) remove(id, KafkaError::unknown_member_id);
}

void Group::tick() {
  expire_members();
  if (state_ == GroupState::preparing_rebalance) {
    if (initial_ && phase_deadline_ <= now()) {
      extend_initial_delay();
    } else if (phase_deadline_ <= now()) {
      complete_join();
    } else {
      complete_join_if_ready();
    }
  }
  plan_next_tick();
}

std::optional<GroupSnapshot> Group::snapshot() const {
  if (state_ != GroupState::stable) return std::nullopt;
  return GroupSnapshot{protocol_type_, protocol_name_, generation_, leader_, members_};
}

void Group::begin(GroupSnapshot snapshot) {
  CHECK(state_ == GroupState::empty && members_.empty());
  state_ = GroupState::stable;
  protocol_type_ = std::move(snapshot.protocol_type);
  protocol_name_ = std::move(snapshot.protocol_name);
  generation_ = snapshot.generation;
  leader_ = std::move(snapshot.leader);
  members_ = std::move(snapshot.members);
  for (auto& [id, member] : members_) {
    if (member.instance_id) instances_[*member.instance_id] = id;
    member.synced = true;
    const bool silent = member.silent;
    alive(member);
    member.silent = silent;
  }
}

void Group::restore(GroupSnapshot snapshot) {
  for (auto& [id, member] : snapshot.members) member.silent = true;
  begin(std::move(snapshot));
  has_been_stable_ = true;
}

void Group::take_over(GroupSnapshot snapshot, bool committed, std::string kept) {
  begin(std::move(snapshot));
  protocol_name_ = elected_protocol();
  has_committed_ = committed;
  kept_ = std::move(kept);
  changed_ = true;
  prepare_rebalance();
}

void Group::dissolve() {
  for (auto& [id, member] : members_) {
    if (member.joining) member.joining->give({.error = KafkaError::rebalance_in_progress, .member_id = id});
    if (member.syncing) member.syncing->give({KafkaError::rebalance_in_progress, {}, {}, {}});
  }
}

void Group::plan_next_tick() {
  next_tick_ = kNever;
  for (const auto& [id, when] : pending_) due(when);
  for (const auto& [id, member] : members_) {
    if (!member.waits()) due(member.session_deadline);
  }
  if (state_ == GroupState::preparing_rebalance || state_ == GroupState::completing_rebalance) due(phase_deadline_);
}

}  // namespace distributary
