// ConsumerGroupSnapshot: what is kept of a group of the new protocol in the MetaStore, so that its members go on after
// a restart of the node: all but the times.
//
// Pure functions; any thread.
#pragma once

#include <map>
#include <string>

#include "broker/consumer_group_member.h"
#include "broker/group_snapshot.h"

namespace distributary {

struct ConsumerGroupSnapshot {
  int32_t epoch = 0;
  int32_t target_epoch = 0;
  GroupTopics topics;
  std::map<std::string, ConsumerMember> members;
};

inline constexpr uint32_t kSnapshotPartitionsMax = 1'000'000;  // of one topic

std::string encode_snapshot(int32_t epoch, int32_t target_epoch, const GroupTopics& topics,
                            const std::map<std::string, ConsumerMember>& members);
// Error: corrupt.
Result<ConsumerGroupSnapshot> decode_consumer_group_snapshot(ByteView bytes);

}  // namespace distributary
