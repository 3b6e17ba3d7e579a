// Group: the members of one consumer group and their rebalancing, by the classic protocol. A state machine that is told
// the time and never waits.
//
//   empty -> preparing_rebalance: somebody joined; all members must join again
//         -> completing_rebalance: all have, or the time was up; the leader computes the assignment
//         -> stable: the leader has sent it
//
// The last stable generation survives a restart of the node, as a GroupSnapshot: its members go on as if nothing had
// been, within a session timeout. What was only beginning then is forgotten; committed positions are in the streams.
//
// Threads: the executor's. Ownership: GroupCoordinator.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "broker/group_member.h"
#include "broker/group_snapshot.h"
#include "broker/options.h"
#include "io/random.h"

namespace distributary {

class Group {
 public:
  Group(Executor& executor, Random& random, const GroupOptions& options, std::string id)
      : executor_(executor), random_(random), options_(options), id_(std::move(id)) {}

  ReplyHandle<JoinAnswer> join(JoinRequest request);
  ReplyHandle<SyncAnswer> sync(SyncRequest request);
  KafkaError heartbeat(const MemberClaim& claim);
  // `claim.generation` is not looked at. Without a member id, the instance id names the member.
  KafkaError leave(const MemberClaim& claim);
  // Whether such a commit is to be taken. Counts as a heartbeat.
  KafkaError check_commit(const MemberClaim& claim, CommitKind kind = CommitKind::with_epochs);
  // The request behind this answer has gone: the member must show itself within its session timeout.
  void abandon(const Reply<JoinAnswer>* reply);
  void abandon(const Reply<SyncAnswer>* reply);
  // Does what is due.
  void tick();
  // No tick is needed before it.
  SteadyTime next_tick() const { return next_tick_; }
  // Whether a snapshot would say something new since the last time that this was asked.
  bool take_changed() { return std::exchange(changed_, false); }
  // Of a stable group.
  std::optional<GroupSnapshot> snapshot() const;
  // It is or was stable, with members ever since: the last snapshot is what to go back to.
  bool has_been_stable() const { return has_been_stable_; }
  // Empty, unless its members were taken over and are in their first rebalance.
  const std::string& kept() const { return kept_; }
  // Of a group that nothing has been asked of; all sessions begin now.
  void restore(GroupSnapshot snapshot);
  // Of a group that nothing has been asked of, either: its members come from a group of the new protocol and are told
  // to join again. `committed`: as `has_committed` says. `kept`: what is to be kept of it until it is stable.
  void take_over(GroupSnapshot snapshot, bool committed, std::string kept);
  // The members go on in a group of the new protocol: who waits is told to join again. To be forgotten then.
  void dissolve();
  // Nobody is here or expected: may be forgotten.
  bool disposable() const { return members_.empty() && pending_.empty(); }

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  int32_t generation() const { return generation_; }
  const std::string& protocol_type() const { return protocol_type_; }
  const std::string& protocol_name() const { return protocol_name_; }
  const std::map<std::string, GroupMember>& members() const { return members_; }
  size_t pending_members() const { return pending_.size(); }
  // A member has committed a position through this coordinator.
  bool has_committed() const { return has_committed_; }

 private:
  void begin(GroupSnapshot snapshot);
  SteadyTime now() { return executor_.clock().now(); }
  void due(SteadyTime when) { next_tick_ = std::min(next_tick_, when); }
  KafkaError find(const MemberClaim& claim, GroupMember*& out);
  KafkaError find_in_generation(const MemberClaim& claim, GroupMember*& out);
  bool accepts(const JoinRequest& request) const;
  std::string new_member_id(const JoinRequest& request);
  ReplyHandle<JoinAnswer> join_new(JoinRequest request);
  ReplyHandle<JoinAnswer> join_known(JoinRequest request);
  ReplyHandle<JoinAnswer> replace_static(JoinRequest request);
  ReplyHandle<JoinAnswer> add(JoinRequest request, std::string member_id);
  ReplyHandle<JoinAnswer> join_again(GroupMember& member, JoinRequest request);
  ReplyHandle<JoinAnswer> answered(JoinAnswer answer);
  JoinAnswer present_answer(const GroupMember& member) const;
  std::vector<JoinAnswer::Member> member_list() const;
  void take_terms(GroupMember& member, JoinRequest& request);
  void alive(GroupMember& member);
  void remove(const std::string& member_id, KafkaError told);
  void prepare_rebalance();
  void extend_initial_delay();
  bool all_joined() const;
  void complete_join_if_ready();
  void complete_join();
  bool elect_leader();
  void start_generation();
  void give_assignments();
  void fail_syncs(KafkaError error);
  std::set<std::string> common_protocols() const;
  std::string elected_protocol() const;
  std::chrono::milliseconds rebalance_timeout() const;
  void expire_members();
  void plan_next_tick();

  Executor& executor_;
  Random& random_;
  const GroupOptions& options_;
  std::string id_;
  GroupState state_ = GroupState::empty;
  int32_t generation_ = 0;
  std::string protocol_type_;
  std::string protocol_name_;
  std::string leader_;
  std::map<std::string, GroupMember> members_;
  std::map<std::string, std::string> instances_;  // instance id -> member id
  std::map<std::string, SteadyTime> pending_;     // ids handed out, until their members join
  SteadyTime phase_deadline_ = kNever;            // of the rebalance: joining, then syncing
  SteadyTime initial_limit_ = kNever;  // the first rebalance of an empty group: waits for latecomers until then
  bool initial_ = false;
  bool latecomer_ = false;
  bool has_committed_ = false;
  bool changed_ = false;
  bool has_been_stable_ = false;
  std::string kept_;
  SteadyTime next_tick_ = kNever;
};

}  // namespace distributary
