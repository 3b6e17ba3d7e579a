// GroupCoordinator: all consumer groups with members, by the classic protocol and by the new one (KIP-848); their
// timers; and requests that wait for a rebalance.
//
// A group id is of the protocol that its members speak; when the last has left, the next may speak the other one. And
// consumers may change over one by one (broker/group_migration.h): a group of the classic protocol that somebody joins
// with the new one is of the new one from then on, and takes members of both, until the last of the new one has left.
// A group is known to clients while it has members here or committed positions in a stream, and for some minutes after
// its last member has left: without members it is `Empty`.
//
// Members survive a restart of the node (GroupStore): whoever is told what it is to read is kept by then; unless that
// fails or takes too long, for reading must go on.
//
// Threads: the executor's. Ownership: one per broker; `stop` before destruction, when requests have ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/consumer_groups.h"
#include "broker/context.h"
#include "broker/group.h"
#include "broker/group_store.h"
#include "broker/group_table.h"

namespace distributary {

inline constexpr size_t kEmptiedGroupsMax = 1'000'000;  // whose time is remembered
inline constexpr size_t kKeptMembersMax = 5'000;        // of one group, over a restart
inline constexpr std::chrono::seconds kKeepWaitMax{5};  // less than the shortest session
inline constexpr std::string_view kDeadGroupState = "Dead";
inline constexpr std::string_view kClassicGroupType = "classic";
inline constexpr std::string_view kConsumerGroupType = "consumer";

struct GroupSummary {
  std::string id;
  std::string state;
  std::string protocol_type;
  std::string type;  // which protocol: classic, consumer
};

struct GroupDescription {
  Fault fault;  // group_id_not_found: there is no such group, or it is not of the classic protocol
  std::string id;
  std::string state;
  std::string protocol_type;
  std::string protocol_name;
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    Bytes metadata;
    Bytes assignment;
  };
  std::vector<Member> members;
};

class GroupCoordinator {
 public:
  // `configs` are those of groups.
  GroupCoordinator(BrokerContext context, const ResourceConfigs& configs);
  // Reads who was a member before the node started; at once when that has been read. `configs` have been loaded.
  Task<Status> load();
  Task<void> stop() { return store_.stop(); }

  // Answers when all members have joined; at once, if the group is of the new protocol. Errors: cancelled (the client
  // has gone, or the node stops).
  Task<Result<JoinAnswer>> join(JoinRequest request, std::stop_token stop);
  // Answers when the leader has sent the assignments.
  Task<Result<SyncAnswer>> sync(SyncRequest request, std::stop_token stop);
  KafkaError heartbeat(const MemberClaim& claim);
  KafkaError leave(const MemberClaim& claim);
  // The new protocol's one request: joins, stays, leaves. `request` and `caller` outlive the call.
  Task<ConsumerHeartbeatAnswer> consumer_heartbeat(const ConsumerHeartbeat& request, const Caller& caller);

  // Whether a commit of this member, or of nobody in particular, is to be taken now.
  KafkaError check_commit(const MemberClaim& claim, CommitKind kind);
  // Whether positions may be told to this member; groups of the classic protocol tell everybody.
  KafkaError check_fetch(const std::string& id, const std::optional<std::string>& member_id, int32_t epoch) const;
  // Whether single positions of the group may be deleted now, but for topics that it is `subscribed_to`.
  KafkaError check_cursor_removal(const std::string& id) const;
  bool subscribed_to(const std::string& id, const FoundTopic& topic) const;
  // Whether the group's own positions here count before those that came from other clusters: its members have committed
  // here.
  bool active_here(const std::string& id) const;
  bool has_members(const std::string& id) const;
  // When the last member left, if that was here and since the node started; nullopt also when it was forgotten.
  std::optional<SteadyTime> emptied_at(const std::string& id) const;
  void forget_emptied_before(SteadyTime when);

  Task<std::vector<GroupSummary>> list(const Caller& caller);
  Task<std::vector<GroupDescription>> describe(std::vector<std::string> ids, const Caller& caller);
  Task<std::vector<ConsumerGroupDescription>> describe_consumer_groups(std::vector<std::string> ids,
                                                                       const Caller& caller);
  // Deletes committed positions of groups without members; durable when it returns. One fault per id.
  Task<std::vector<Fault>> remove(std::vector<std::string> ids, const Caller& caller, std::stop_token stop);
  size_t group_count() const { return groups_.size() + consumer_groups_.table().size(); }

 private:
  void restore(const std::vector<GroupStore::Kept>& kept);
  Status restore_one(const GroupStore::Kept& kept);
  std::optional<std::string> snapshot(const std::string& id) const;
  // Until what the group's members are about to be told is kept. Errors: cancelled.
  Task<Status> keep(std::string id, std::stop_token stop);
  void note_emptied(const std::string& id);
  // The last member left a while ago: the group is still there for those who look, as in Kafka, which forgets groups
  // without positions at its next round of cleaning.
  bool recently_emptied(const std::string& id) const;
  void add_recently_emptied(std::map<std::string, GroupSummary>& out) const;
  KafkaError check_join(const JoinRequest& request) const;
  // group_coordinator_migrate.cc
  bool consumers_are_in(const std::string& id) const;
  Task<std::optional<JoinAnswer>> join_consumers(JoinRequest& request);
  Subscriptions classic_subscriptions(const ConsumerHeartbeat& request) const;
  Fault upgrade(const ConsumerHeartbeat& request, const std::optional<TopicsFound>& topics);
  void downgrade_if_due(const std::string& id, bool after_restart = false);
  bool room() const { return group_count() < context_.options.group.groups_max; }
  Fault remove_group(const std::string& id, const std::vector<StreamHandle>& streams, DurableWait& wait);

  BrokerContext context_;
  boost::unordered_flat_map<std::string, SteadyTime> emptied_;
  GroupStore store_;
  bool loaded_ = false;
  GroupTable<Group> groups_;  // of the classic protocol
  ConsumerGroups consumer_groups_;
};

}  // namespace distributary
