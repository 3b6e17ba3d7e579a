// Offsets: where records are, by time, by name (earliest, latest) and by leader epoch.
//
// Threads: the executor's. Names borrow from the request, which outlives the call.
#pragma once

#include <vector>

#include "broker/context.h"

namespace distributary {

// Times below zero that clients send instead of a time.
inline constexpr int64_t kLatestTime = -1;         // the high watermark
inline constexpr int64_t kEarliestTime = -2;       // the log start
inline constexpr int64_t kMaxTimestampTime = -3;   // the record with the newest timestamp
inline constexpr int64_t kEarliestLocalTime = -4;  // here everything is local
inline constexpr int64_t kLatestTieredTime = -5;   // here nothing is tiered
inline constexpr int64_t kEarliestPendingUploadTime = -6;

struct OffsetQuery {
  struct Partition {
    int32_t partition = 0;
    LeaderEpoch current_leader_epoch = -1;
    int64_t time = kLatestTime;     // list
    LeaderEpoch leader_epoch = -1;  // find_epoch_ends
  };
  TopicReference topic;
  std::vector<Partition> partitions;
};

struct OffsetAnswer {
  int32_t partition = 0;
  Fault fault;
  WallMillis timestamp = -1;
  Offset offset = -1;  // -1: there is none
  LeaderEpoch leader_epoch = -1;
};

class Offsets {
 public:
  explicit Offsets(BrokerContext context) : context_(context) {}

  // With `committed`, the end is the last stable offset, and nothing at or above it is found by time.
  // Per topic of the query, in its order, one answer per partition. `queries` outlives the call.
  Task<std::vector<std::vector<OffsetAnswer>>> list(const std::vector<OffsetQuery>& queries, const Caller& caller,
                                                    bool committed = false);
  // `offset` of an answer is the end of the largest epoch up to the asked one; -1 and epoch -1 when there is none.
  Task<std::vector<std::vector<OffsetAnswer>>> find_epoch_ends(const std::vector<OffsetQuery>& queries,
                                                               const Caller& caller);

 private:
  Task<void> list_one(StreamHandle stream, TopicUuid topic, int64_t time, bool committed, OffsetAnswer& out);
  BrokerContext context_;
};

}  // namespace distributary
