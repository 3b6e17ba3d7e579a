// Joining and rebalancing: the other half of Group.
#include <algorithm>

#include "base/check.h"
#include "broker/group.h"

namespace distributary {

bool Group::accepts(const JoinRequest& request) const {
  if (request.protocol_type.empty() || request.protocols.empty()) return false;
  if (members_.empty()) return true;
  if (request.protocol_type != protocol_type_) return false;
  std::set<std::string> common = common_protocols();
  return std::ranges::any_of(request.protocols,
                             [&](const GroupProtocol& protocol) { return common.contains(protocol.name); });
}

std::string Group::new_member_id(const JoinRequest& request) {
  const std::string& prefix = request.instance_id ? *request.instance_id : request.caller.client_id;
  return prefix + "-" + to_string(random_.uuid());
}

ReplyHandle<JoinAnswer> Group::join(JoinRequest request) {
  if (!accepts(request))
    return answered({.error = KafkaError::inconsistent_group_protocol, .member_id = request.member_id});
  return request.member_id.empty() ? join_new(std::move(request)) : join_known(std::move(request));
}

ReplyHandle<JoinAnswer> Group::join_new(JoinRequest request) {
  if (request.instance_id && instances_.contains(*request.instance_id)) return replace_static(std::move(request));
  if (members_.size() >= options_.members_max || pending_.size() >= options_.pending_members_max) {
    return answered({.error = KafkaError::group_max_size_reached});
  }
  std::string id = new_member_id(request);
  if (!request.known_id_needed || request.instance_id) return add(std::move(request), std::move(id));
  SteadyTime until = now() + request.session_timeout;
  pending_[id] = until;
  due(until);
  return answered({.error = KafkaError::member_id_required, .member_id = std::move(id)});
}

ReplyHandle<JoinAnswer> Group::join_known(JoinRequest request) {
  if (pending_.contains(request.member_id) && !request.instance_id) {
    if (members_.size() >= options_.members_max) {
      return answered({.error = KafkaError::group_max_size_reached, .member_id = request.member_id});
    }
    std::string id = request.member_id;
    return add(std::move(request), std::move(id));
  }
  GroupMember* member = nullptr;
  KafkaError error = find({request.group, request.member_id, request.instance_id}, member);
  if (error != KafkaError::none) return answered({.error = error, .member_id = request.member_id});
  auto same = [member](const GroupProtocol& protocol) {
    const Bytes* known = member->metadata(protocol.name);
    return known != nullptr && std::ranges::equal(known->view(), protocol.metadata.view());
  };
  const bool unchanged =
      request.protocols.size() == member->protocols.size() && std::ranges::all_of(request.protocols, same);
  // A retry: its answer was lost on the way. The leader of a stable group, however, asks for a rebalance by joining.
  const bool again =
      (state_ == GroupState::completing_rebalance || (state_ == GroupState::stable && member->id != leader_)) &&
      unchanged;
  if (!again) return join_again(*member, std::move(request));
  alive(*member);
  return answered(present_answer(*member));
}

// The client of a static member has started again: it takes over the place of its former self, without a rebalance if
// nothing has changed.
ReplyHandle<JoinAnswer> Group::replace_static(JoinRequest request) {
  std::string old_id = instances_[*request.instance_id];
  auto node = members_.extract(old_id);
  CHECK(!node.empty());
  GroupMember& member = node.mapped();
  if (member.joining)
    std::exchange(member.joining, nullptr)->give({.error = KafkaError::fenced_instance_id, .member_id = old_id});
  if (member.syncing) std::exchange(member.syncing, nullptr)->give({KafkaError::fenced_instance_id, {}, {}, {}});
  const std::optional<std::vector<std::string>> old_topics = member.topic_names;
  const bool was_leader = leader_ == old_id;
  member.id = new_member_id(request);
  instances_[*request.instance_id] = member.id;
  node.key() = member.id;
  GroupMember& placed = members_.insert(std::move(node)).position->second;
  if (was_leader) leader_ = placed.id;

  // Not the metadata: it says what the former self owned, too.
  const bool same_topics = request.topic_names == old_topics;
  const bool may_skip = request.may_skip_assignment;
  const bool was_stable = state_ == GroupState::stable;
  if (!was_stable || !same_topics) return join_again(placed, std::move(request));
  JoinRequest terms = request;
  take_terms(placed, terms);
  if (elected_protocol() != protocol_name_) return join_again(placed, std::move(request));
  changed_ = true;
  alive(placed);
  JoinAnswer answer = present_answer(placed);
  answer.skip_assignment = was_leader && may_skip;
  // A client that cannot skip would compute an assignment if it found itself the leader, and nobody would take it.
  if (was_leader && !may_skip) {
    answer.leader = old_id;
    answer.members.clear();
  }
  return answered(std::move(answer));
}

void Group::take_terms(GroupMember& member, JoinRequest& request) {
  member.client_id = std::move(request.caller.client_id);
  member.client_host = std::move(request.caller.client_host);
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.protocols = std::move(request.protocols);
  member.topic_names = std::move(request.topic_names);
}

ReplyHandle<JoinAnswer> Group::add(JoinRequest request, std::string member_id) {
  pending_.erase(member_id);
  if (members_.empty()) protocol_type_ = request.protocol_type;
  GroupMember& member = members_[member_id];
  member.id = member_id;
  member.instance_id = request.instance_id;
  if (member.instance_id) instances_[*member.instance_id] = member_id;
  if (leader_.empty()) leader_ = member_id;
  if (initial_) latecomer_ = true;
  return join_again(member, std::move(request));
}

ReplyHandle<JoinAnswer> Group::join_again(GroupMember& member, JoinRequest request) {
  if (member.joining) member.joining->give({.error = KafkaError::rebalance_in_progress, .member_id = member.id});
  take_terms(member, request);
  auto reply = std::make_shared<Reply<JoinAnswer>>(executor_);
  member.joining = reply;
  if (state_ == GroupState::preparing_rebalance) {
    complete_join_if_ready();
  } else {
    prepare_rebalance();
  }
  return reply;
}

void Group::prepare_rebalance() {
  if (state_ == GroupState::completing_rebalance) fail_syncs(KafkaError::rebalance_in_progress);
  const bool first = state_ == GroupState::empty;
  state_ = GroupState::preparing_rebalance;
  initial_ = first && options_.initial_rebalance_delay.count() > 0;
  latecomer_ = false;
  if (initial_) {
    initial_limit_ = now() + rebalance_timeout();
    phase_deadline_ = std::min(now() + options_.initial_rebalance_delay, initial_limit_);
    due(phase_deadline_);
    return;
  }
  phase_deadline_ = now() + rebalance_timeout();
  due(phase_deadline_);
  complete_join_if_ready();
}

// Consumers that start one after the other should meet in the first generation: each newcomer lengthens the wait, up to
// the rebalance timeout.
void Group::extend_initial_delay() {
  if (!latecomer_ || now() >= initial_limit_) {
    complete_join();
    return;
  }
  latecomer_ = false;
  phase_deadline_ = std::min(now() + options_.initial_rebalance_delay, initial_limit_);
}

bool Group::all_joined() const {
  return pending_.empty() &&
         std::ranges::all_of(members_, [](const auto& entry) { return entry.second.joining != nullptr; });
}

void Group::complete_join_if_ready() {
  if (state_ != GroupState::preparing_rebalance) return;
  if (members_.empty() || (!initial_ && all_joined())) complete_join();
}

void Group::complete_join() {
  std::erase_if(members_, [](const auto& entry) {
    const GroupMember& member = entry.second;
    return member.joining == nullptr && !member.instance_id;
  });
  initial_ = false;
  if (!members_.empty() && !elect_leader()) {  // static members only, none of them back yet
    phase_deadline_ = now() + rebalance_timeout();
    due(phase_deadline_);
    return;
  }
  start_generation();
}

bool Group::elect_leader() {
  auto leader = members_.find(leader_);
  if (leader != members_.end() && leader->second.joining) return true;
  auto joined = std::ranges::find_if(members_, [](const auto& entry) { return entry.second.joining != nullptr; });
  if (joined == members_.end()) return false;
  leader_ = joined->first;
  return true;
}

void Group::start_generation() {
  ++generation_;
  phase_deadline_ = kNever;
  if (members_.empty()) {
    state_ = GroupState::empty;
    has_been_stable_ = false;
    changed_ = true;
    leader_.clear();
    protocol_name_.clear();
    protocol_type_.clear();
    return;
  }
  protocol_name_ = elected_protocol();
  state_ = GroupState::completing_rebalance;
  phase_deadline_ = now() + rebalance_timeout();
  due(phase_deadline_);
  for (auto& [id, member] : members_) {
    member.synced = false;
    member.former_epoch.reset();
    member.assignment = Bytes();
    if (!member.joining) continue;
    auto reply = std::exchange(member.joining, nullptr);
    alive(member);
    reply->give(present_answer(member));
  }
}

std::vector<JoinAnswer::Member> Group::member_list() const {
  std::vector<JoinAnswer::Member> out;
  out.reserve(members_.size());
  for (const auto& [id, member] : members_) {
    const Bytes* metadata = member.metadata(protocol_name_);
    out.push_back({id, member.instance_id, metadata != nullptr ? *metadata : Bytes()});
  }
  return out;
}

JoinAnswer Group::present_answer(const GroupMember& member) const {
  JoinAnswer answer;
  answer.generation = generation_;
  answer.protocol_type = protocol_type_;
  answer.protocol_name = protocol_name_;
  answer.leader = leader_;
  answer.member_id = member.id;
  if (member.id == leader_) answer.members = member_list();
  return answer;
}

std::set<std::string> Group::common_protocols() const {
  std::set<std::string> common;
  bool first = true;
  for (const auto& [id, member] : members_) {
    std::set<std::string> kept;
    for (const GroupProtocol& protocol : member.protocols) {
      if (first || common.contains(protocol.name)) kept.insert(protocol.name);
    }
    common = std::move(kept);
    first = false;
  }
  return common;
}

std::string Group::elected_protocol() const {
  std::set<std::string> common = common_protocols();
  std::map<std::string, size_t> votes;
  for (const auto& [id, member] : members_) {
    auto liked =
        std::ranges::find_if(member.protocols, [&](const GroupProtocol& p) { return common.contains(p.name); });
    if (liked != member.protocols.end()) ++votes[liked->name];
  }
  auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  return most == votes.end() ? std::string() : most->first;
}

std::chrono::milliseconds Group::rebalance_timeout() const {
  std::chrono::milliseconds longest{};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

}  // namespace distributary
