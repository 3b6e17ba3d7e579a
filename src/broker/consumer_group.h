// ConsumerGroup: the members of one consumer group and what each is to read, by the new protocol (KIP-848). A state
// machine that is told the time and what topics there are, and never waits.
//
// Who joins, leaves or subscribes otherwise, and every change of the topics, raises the group's epoch. At the next
// heartbeat an assignor decides for that epoch what each member is to have (its target). Then each member is led there
// by the answers to its own heartbeats, without the others waiting: first it is told to give up what is not its own any
// more; when it says that it has, it moves to the new epoch and is told of everything that nobody else still has; the
// rest follows as the others give it up. So no partition is ever read by two members.
//
// Members of the classic protocol take part while a group changes over (consumer_group_classic.cc): JoinGroup is the
// heartbeat that says what a member owns, its generation is the member's epoch, and it is told to join again wherever
// another member would be told something new.
//
// All of it survives a restart of the node, as a ConsumerGroupSnapshot; members have a session timeout to show
// themselves. Committed positions are in the streams.
//
// Threads: the executor's. Ownership: ConsumerGroups.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <string>
#include <utility>

#include "broker/consumer_group_member.h"
#include "broker/consumer_group_snapshot.h"
#include "broker/group_member.h"
#include "broker/options.h"
#include "broker/resource_configs.h"
#include "io/random.h"

namespace distributary {

class ConsumerGroup {
 public:
  ConsumerGroup(Executor& executor, Random& random, const GroupOptions& options, const ResourceConfigs& configs,
                std::string id)
      : executor_(executor), random_(random), options_(options), configs_(configs), id_(std::move(id)) {}

  // `topics`, if set, is what all subscriptions mean now, those of this request included. The request has been checked
  // in itself (ConsumerGroups).
  ConsumerHeartbeatAnswer heartbeat(const ConsumerHeartbeat& request, const Caller& caller,
                                    std::optional<TopicsFound> topics);
  // A member of the classic protocol: is always answered at once. `request.owned` may name any topics of `topics`.
  JoinAnswer join(JoinRequest request, std::optional<TopicsFound> topics);
  SyncAnswer sync(const SyncRequest& request);
  KafkaError heartbeat(const MemberClaim& claim);
  // Nobody speaks the new protocol any more: it is to become a group of the classic one.
  bool all_classic() const;
  // Whether it is time to look for new topics; `postpone_look`: somebody is about to.
  bool look_due() const { return now() >= next_look_; }
  void postpone_look() { next_look_ = now() + options_.topics_look_interval; }
  const TopicsVersion& topics_version() const { return topics_version_; }
  // The next look finds a change in any case.
  void forget_topics_version() { topics_version_.streams.clear(); }
  // LeaveGroup of an administrator: `claim.generation` is not looked at; without a member id, the instance id counts.
  KafkaError leave(const MemberClaim& claim);
  // Whether such a commit is to be taken.
  KafkaError check_commit(const MemberClaim& claim, CommitKind kind);
  KafkaError check_fetch(const std::optional<std::string>& member_id, int32_t epoch) const;
  // Does what is due.
  void tick();
  // No tick is needed before it.
  SteadyTime next_tick() const { return next_tick_; }
  // Whether a snapshot would say something new since the last time that this was asked.
  bool take_changed() { return std::exchange(changed_, false); }
  std::string snapshot() const { return encode_snapshot(epoch_, target_epoch_, topics_, members_); }
  // Of a group that nothing has been asked of; all sessions begin now.
  void restore(ConsumerGroupSnapshot snapshot);
  // Of such a group, too: its members come from a group of the classic protocol. `committed`: as `has_committed` says.
  void take_over(ConsumerGroupSnapshot snapshot, bool committed);
  // May be forgotten: it has been empty for long enough for those who look at groups to see it.
  bool disposable() const {
    return members_.empty() && emptied_ + options_.empty_group_kept <= executor_.clock().now();
  }

  const std::string& id() const { return id_; }
  ConsumerGroupState state() const;
  int32_t epoch() const { return epoch_; }
  int32_t target_epoch() const { return target_epoch_; }
  Assignor assignor() const;
  const std::map<std::string, ConsumerMember>& members() const { return members_; }
  Subscriptions subscriptions() const;
  const GroupTopics& topics() const { return topics_; }
  bool subscribed_to(const TopicUuid& topic) const;
  // A member has committed a position through this coordinator.
  bool has_committed() const { return has_committed_; }

 private:
  using Topics = std::vector<TopicUuid>;  // sorted
  SteadyTime now() const { return executor_.clock().now(); }
  void due(SteadyTime when) { next_tick_ = std::min(next_tick_, when); }
  ConsumerHeartbeatAnswer refuse(const ConsumerHeartbeat& request, KafkaError error, std::string message) const;
  ConsumerHeartbeatAnswer leave(const ConsumerHeartbeat& request);
  ConsumerHeartbeatAnswer progress(const ConsumerHeartbeat& request, ConsumerMember& member, bool subscription_changed);
  Fault find(const ConsumerHeartbeat& request, ConsumerMember*& out);
  Fault join(const ConsumerHeartbeat& request, ConsumerMember*& out, bool& changed);
  KafkaError find_classic(const MemberClaim& claim, ConsumerMember*& out);
  KafkaError find_joining(const JoinRequest& request, ConsumerMember*& out, bool& changed);
  bool shares_protocol(const JoinRequest& request) const;
  bool must_join(const ConsumerMember& member) const;
  void expect(ConsumerMember& member);
  std::vector<NamedPartitions> named(const ConsumerMember& member) const;
  Fault check_epoch(const ConsumerHeartbeat& request, const ConsumerMember& member) const;
  ConsumerMember& replace_static(ConsumerMember& old, const std::string& new_id);
  ConsumerMember& add(const std::string& member_id, const std::optional<std::string>& instance_id);
  bool update(ConsumerMember& member, const ConsumerHeartbeat& request, const Caller& caller);
  bool take_topics(std::optional<TopicsFound> topics);
  void remove(const std::string& member_id);
  Topics topics_of(const ConsumerMember& member) const;
  void choose_targets();
  void reconcile(ConsumerMember& member, const std::optional<PartitionSet>& owned);
  void advance(ConsumerMember& member, int32_t epoch, const std::optional<PartitionSet>& owned);
  void hold(const PartitionSet& partitions) { held_.insert(partitions.begin(), partitions.end()); }
  void release(const PartitionSet& partitions);
  void release_all(ConsumerMember& member);
  void alive(ConsumerMember& member);
  void plan_next_tick();

  Executor& executor_;
  Random& random_;
  const GroupOptions& options_;
  const ResourceConfigs& configs_;
  std::string id_;
  int32_t epoch_ = 0;         // of the group
  int32_t target_epoch_ = 0;  // for which the targets are
  std::map<std::string, ConsumerMember> members_;
  std::map<std::string, std::string> instances_;  // instance id -> member id
  GroupTopics topics_;
  TopicsVersion topics_version_;
  SteadyTime next_look_ = SteadyTime::min();
  boost::unordered_flat_set<TopicPartition, TopicPartitionHash> held_;  // assigned to somebody, or not given up yet
  bool has_committed_ = false;
  bool changed_ = false;
  SteadyTime emptied_ = SteadyTime::min();
  SteadyTime next_tick_ = kNever;
};

}  // namespace distributary
