// NodeTurns: what the streams of a node take turns in, so that many of them together take no more than a node has.
//
// Threads: one executor. Must outlive the streams.
#pragma once

#include "stream/batch_reader.h"

namespace distributary {

inline constexpr size_t kCompactionsOfNode = 2;  // each has a map of keys: StreamOptions::compaction_map_bytes

struct NodeTurns {
  explicit NodeTurns(Executor& executor)
      : reads(executor, kFetchesReadingOfNode), compactions(executor, kCompactionsOfNode) {}
  ReadTurns reads;  // fetches that read the device
  ReadTurns compactions;
};

}  // namespace distributary
