// Where one record batch is: the unit of every index.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "model/ids.h"
#include "storage/log_store.h"

namespace distributary {

// A topic's local ordinal and a partition: shorter than a UUID, and ordered.
using IndexKey = uint64_t;
inline IndexKey index_key(uint32_t ordinal, PartitionIndex partition) { return uint64_t{ordinal} << 32 | partition; }
inline uint32_t ordinal_of(IndexKey key) { return static_cast<uint32_t>(key >> 32); }
inline PartitionIndex partition_of(IndexKey key) { return static_cast<uint32_t>(key); }

struct IndexEntry {
  IndexKey key = 0;
  Offset base_offset = 0;
  uint32_t offsets = 0;
  uint32_t length = 0;  // of the whole entry in the log; 0: a hole, these offsets were dropped by compaction
  SegmentNumber segment = 0;
  uint64_t at = 0;
  WallMillis max_timestamp = 0;

  bool hole() const { return length == 0; }
  Offset end_offset() const { return base_offset + offsets; }
  bool operator==(const IndexEntry&) const = default;
};

}  // namespace distributary
