// Assignors: which member of a consumer group is to read which partition. Every partition of a topic that has a
// subscriber goes to exactly one of its subscribers; the result depends on the arguments alone.
//
// - uniform: members have the same number of partitions, give or take one, and keep what they have wherever that
//   allows it: no more partitions move than must. Where members subscribe to different topics, no partition could move
//   to a member with fewer and make the two more even (up to kBalanceStepsMax looks, then what is reached is taken).
// - range: the partitions of each topic in equal ranges over its subscribers, in the order of `members`; so members
//   with the same subscriptions have the same partition numbers of every topic of one size.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "broker/partition_set.h"

namespace distributary {

enum class Assignor { uniform, range };
inline constexpr Assignor kDefaultAssignor = Assignor::uniform;
inline constexpr std::string_view kAssignorNames = "uniform, range";
std::string_view to_string(Assignor assignor);
std::optional<Assignor> parse_assignor(std::string_view name);

inline constexpr uint64_t kBalanceStepsMax = 20'000'000;  // some tens of milliseconds

struct AssignmentTask {
  struct Member {
    std::vector<TopicUuid> topics;  // subscribed, sorted
    PartitionSet current;           // what it was to have until now
  };
  std::map<TopicUuid, uint32_t> topics;  // number of partitions; those that are not here do not exist
  std::vector<Member> members;
};

// For each member, in the order of the task.
std::vector<PartitionSet> assign(Assignor assignor, const AssignmentTask& task);

}  // namespace distributary
