// RecordRemover: deletes the oldest records of partitions, up to an offset. What is deleted is gone for every reader at
// once; the answer is given when that is true on the disk. Only the stream that owns a topic may.
//
// Threads: the executor's. Names borrow from the request, which outlives the call.
#pragma once

#include <vector>

#include "broker/context.h"

namespace distributary {

inline constexpr Offset kAllRecords = -1;  // up to the high watermark

struct RecordRemoval {
  struct Partition {
    int32_t partition = 0;
    Offset before = kAllRecords;  // the first offset that stays
  };
  TopicReference topic;
  std::vector<Partition> partitions;
};

struct RemovedRecords {
  int32_t partition = 0;
  Fault fault;
  Offset log_start = -1;  // afterwards
};

// One of these per topic of the request, in its order; partitions likewise.
struct RemovedTopic {
  StreamHandle stream;
  std::vector<RemovedRecords> partitions;
};

class RecordRemover {
 public:
  explicit RecordRemover(BrokerContext context) : context_(context) {}
  Task<std::vector<RemovedTopic>> remove(const std::vector<RecordRemoval>& removals, int32_t timeout_ms,
                                         const Caller& caller, std::stop_token stop);

 private:
  void remove_one(const FoundTopic& found, Offset before, DurableWait& wait, RemovedRecords& out);
  BrokerContext context_;
};

}  // namespace distributary
