// GroupCoordinator: all consumer groups with members, by the classic protocol; their timers; and requests that wait for
// a rebalance.
//
// A group is known to clients while it has members here or committed positions in a stream: one with positions only is
// `Empty`. Threads: the executor's. Ownership: one per broker; requests must have ended before destruction.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/group.h"

namespace distributary {

inline constexpr std::string_view kDeadGroupState = "Dead";

struct GroupSummary {
  std::string id;
  std::string state;
  std::string protocol_type;
};

struct GroupDescription {
  Fault fault;  // group_id_not_found: there is no such group
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
  explicit GroupCoordinator(BrokerContext context) : context_(context) {}
  ~GroupCoordinator();

  // Answers when all members have joined. Errors: cancelled (the client has gone, or the node stops).
  Task<Result<JoinAnswer>> join(JoinRequest request, std::stop_token stop);
  // Answers when the leader has sent the assignments.
  Task<Result<SyncAnswer>> sync(SyncRequest request, std::stop_token stop);
  KafkaError heartbeat(const MemberClaim& claim);
  KafkaError leave(const MemberClaim& claim);
  // Whether a commit of this member, or of nobody in particular, is to be taken now.
  KafkaError check_commit(const MemberClaim& claim);
  // Whether the group's own positions here count before those that came from other clusters: its members have committed
  // here.
  bool active_here(const std::string& id) const;

  Task<std::vector<GroupSummary>> list(const Caller& caller);
  Task<std::vector<GroupDescription>> describe(std::vector<std::string> ids, const Caller& caller);
  // Deletes committed positions of groups without members; durable when it returns. One fault per id.
  Task<std::vector<Fault>> remove(std::vector<std::string> ids, const Caller& caller, std::stop_token stop);
  size_t group_count() const { return groups_.size(); }

 private:
  struct Slot {
    std::unique_ptr<Group> group;
    Executor::TimerId timer = 0;
    SteadyTime timer_at = kNever;
  };
  KafkaError check_join(const JoinRequest& request) const;
  Group* find(const std::string& id);
  // After anything was done to a group: its timer, or its end.
  void settle(const std::string& id);
  Fault remove_cursors(const std::string& id, const std::vector<StreamHandle>& streams, DurableWait& wait);

  BrokerContext context_;
  boost::unordered_flat_map<std::string, Slot> groups_;
};

}  // namespace distributary
