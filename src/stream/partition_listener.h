// PartitionListener: told by a stream, at once and one by one, which of its partitions a reader would now find
// different. So that who follows ten thousand quiet partitions need not look at them after every group commit.
//
// Called from within the stream, sometimes just before the change is made: note it down and look later (a Signal's
// waiters are resumed later by themselves); call nothing of the stream. Threads: the stream's executor.
#pragma once

#include <cstdint>

#include "model/ids.h"

namespace distributary {

class PartitionListener {
 public:
  // Records have become visible, the log start has moved, or the topic was deleted.
  virtual void partition_changed(uint32_t ordinal, PartitionIndex partition) = 0;
  // Any partition may have changed: leader epochs were raised, or a baseline came.
  virtual void all_changed() = 0;

 protected:
  ~PartitionListener() = default;
};

}  // namespace distributary
