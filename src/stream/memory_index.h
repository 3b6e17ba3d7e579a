// MemoryIndex: where the record batches are of the segments that are not sealed yet.
//
// Belongs to a LogIndex, or carries what a checkpoint has to one. Threads: one executor.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <vector>

#include "stream/index_entry.h"

namespace distributary {

class MemoryIndex {
 public:
  void add(const IndexEntry& entry);
  void erase(SegmentNumber segment) { segments_.erase(segment); }
  void erase_before(SegmentNumber first) { segments_.erase(segments_.begin(), segments_.lower_bound(first)); }
  template <class Predicate>
  void erase_if(Predicate covered) {
    std::erase_if(segments_, [&](const auto& item) { return covered(item.first); });
  }

  // Ascending.
  std::vector<SegmentNumber> segments() const;

  // In the order added, from the `begin`-th on: for checkpoints. None when the segment is not here.
  std::vector<IndexEntry> entries(SegmentNumber segment, size_t begin) const;
  size_t entry_count(SegmentNumber segment) const;
  // The partitions of a segment, ascending, and the batches of one of them, in offset order.
  std::vector<IndexKey> keys(SegmentNumber segment) const;
  std::vector<IndexEntry> of_partition(SegmentNumber segment, IndexKey key) const;

  // Batches of a partition from the one that holds `from`, or the next after it, until `bytes_max` or `entries_max` are
  // reached. `passed`: there are batches before it.
  struct Found {
    std::vector<IndexEntry> entries;
    bool passed = false;
  };
  Found find(SegmentNumber segment, IndexKey key, Offset from, size_t bytes_max, size_t entries_max) const;

 private:
  struct Segment {
    std::vector<IndexEntry> entries;                                        // as added
    boost::unordered_flat_map<IndexKey, std::vector<uint32_t>> partitions;  // places in `entries`
  };
  std::map<SegmentNumber, Segment> segments_;
};

}  // namespace distributary
