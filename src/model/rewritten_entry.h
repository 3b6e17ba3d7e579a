// Entries that a rewrite puts in the place of history: a *skipped range* stands for consecutive entries of one origin
// that were dropped, a *compacted batch* for a record batch of which only some records are left. Both keep the origin's
// chain checkable and say what the originals did to StreamState (docs/formats/stream-log.md).
//
// Values; any thread. Decoders: `corrupt`.
#pragma once

#include <vector>

#include "model/entry.h"

namespace distributary {

inline constexpr size_t kSkippedPartitionsMax = 4096;  // in one entry
inline constexpr size_t kSkippedBatchesMax = 16384;

// The offsets of one partition that were in a skipped range.
struct SkippedPartition {
  TopicPartition partition;
  Offset first = 0;
  Offset next = 0;       // one past the last
  bool trimmed = false;  // they were below the log start: the log begins at `next` or later
  bool operator==(const SkippedPartition&) const = default;
};

// What was dropped with a batch of an idempotent producer and must be remembered of it.
struct SkippedBatch {
  TopicPartition partition;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t first_sequence = -1;
  int32_t last_sequence = -1;
  Offset base_offset = 0;
  WallMillis appended = 0;
  bool operator==(const SkippedBatch&) const = default;
};

// Payload of a skipped range. The entry's header has origin, first origin LSN and the chain hash before it.
struct Skipped {
  Hash128 chain_after;
  uint64_t count = 0;            // of entries; their LSNs and origin LSNs are consecutive
  uint64_t history_bytes = 0;    // of their contents
  uint64_t history_records = 0;  // offsets that their batches took
  std::vector<SkippedPartition> partitions;
  std::vector<SkippedBatch> batches;  // in order; the last few of each producer are enough

  std::vector<uint8_t> encode() const;
  static Result<Skipped> decode(ByteView payload);
  bool operator==(const Skipped&) const = default;
};

// Payload of a compacted batch: `batch` has the base offset and the last offset delta of the original.
std::vector<uint8_t> encode_compacted(uint32_t original_checksum, uint32_t original_bytes, ByteView batch);

}  // namespace distributary
