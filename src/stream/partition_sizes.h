// PartitionSizes: how many bytes of the log the batches of a partition take, from the index. The first question about a
// partition walks over all its batches, later ones only over what is new.
//
// Ownership: belongs to one Stream. Threads: its executor.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "stream/log_index.h"

namespace distributary {

inline constexpr size_t kSizesRemembered = 1u << 18;  // partitions
inline constexpr size_t kIndexEntriesPerStep = 4096;  // looked at in one go

class PartitionSizes {
 public:
  explicit PartitionSizes(LogIndex& index) : index_(index) {}

  // Of the batches that hold offsets of [from, end).
  Task<Result<uint64_t>> measure(IndexKey key, Offset from, Offset end);
  // What was measured begins at `from` now, and has so many bytes.
  void trim(IndexKey key, Offset from, uint64_t bytes);
  // The segments were written anew: entries have other lengths.
  void forget() { known_.clear(); }

 private:
  struct Known {
    Offset from = 0;
    Offset end = 0;
    uint64_t bytes = 0;
  };
  LogIndex& index_;
  boost::unordered_flat_map<IndexKey, Known> known_;
};

}  // namespace distributary
