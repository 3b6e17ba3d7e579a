// What a consumer group of the new protocol (KIP-848) knows of its members, what they ask and what they are told.
// While a group changes over, members may speak the classic protocol: they have ClassicTerms.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "broker/assignor.h"
#include "broker/caller.h"
#include "broker/consumer_group_topics.h"
#include "broker/fault.h"
#include "broker/group_member.h"
#include "io/executor.h"

namespace distributary {

// Epochs that say something else than how far a member is.
inline constexpr int32_t kJoinEpoch = 0;
inline constexpr int32_t kLeaveEpoch = -1;
inline constexpr int32_t kLeaveForNowEpoch = -2;  // a static member will be back: its partitions wait for it

struct ConsumerHeartbeat {
  std::string group;
  std::string member_id;
  int32_t epoch = kJoinEpoch;
  std::optional<std::string> instance_id;  // static membership
  std::optional<std::string> rack_id;
  // Not set: as before.
  std::optional<std::chrono::milliseconds> rebalance_timeout;
  std::optional<std::vector<std::string>> topic_names;
  std::optional<std::string> topic_pattern;  // empty: none any more
  std::optional<std::string> assignor;
  std::optional<PartitionSet> owned;
  bool makes_member_ids = true;  // false: the client waits for an id from here (version 0)
  // For joining a group of the classic protocol, which changes over then. Outlives the call.
  const ConsumerProtocolReader* classic_reader = nullptr;

  bool leaves() const { return epoch == kLeaveEpoch || epoch == kLeaveForNowEpoch; }
  bool subscribes() const { return topic_names.has_value() || topic_pattern.has_value(); }
  // Says everything: to be answered with everything.
  bool full() const { return rebalance_timeout && subscribes() && owned; }
};

struct ConsumerHeartbeatAnswer {
  Fault fault;
  std::string member_id;
  int32_t epoch = 0;
  std::chrono::milliseconds heartbeat_interval{};
  std::optional<PartitionSet> assignment;  // nullopt: as before
};

struct ClassicTerms {
  std::chrono::milliseconds session_timeout{};
  std::vector<GroupProtocol> protocols;  // in the member's order of preference; the first is what it is answered
  SteadyTime deadline = kNever;          // to have joined again, or to have fetched its assignment after that
};

struct ConsumerMember {
  enum class State {
    stable,      // has what it is to have in its epoch
    unrevoked,   // was told to give up `revoking`, and has not said that it has
    unreleased,  // waits for partitions that others have not given up yet
  };
  std::string id;
  std::optional<std::string> instance_id;
  std::string rack_id;
  Caller caller;
  std::chrono::milliseconds rebalance_timeout{};
  std::vector<std::string> topic_names;  // sorted
  std::string topic_pattern;
  std::optional<Assignor> assignor;
  std::optional<ClassicTerms> classic;
  int32_t epoch = kJoinEpoch;  // kLeaveForNowEpoch: a static member that is away
  int32_t previous_epoch = kJoinEpoch;
  State state = State::stable;
  PartitionSet assigned;  // may be read by it
  PartitionSet revoking;  // may still be read by it
  PartitionSet target;    // what it is to have in the end
  SteadyTime session_deadline = kNever;
  SteadyTime rebalance_deadline = kNever;  // to have given up `revoking`

  // What is to happen next, or the member is removed.
  SteadyTime next_deadline() const {
    return std::min({session_deadline, rebalance_deadline, classic ? classic->deadline : kNever});
  }
  PatternKey pattern_key() const { return {topic_pattern, caller.principal.user}; }
};

enum class ConsumerGroupState { empty, assigning, reconciling, stable };
std::string_view to_string(ConsumerGroupState state);  // as in the protocol: Reconciling

}  // namespace distributary
