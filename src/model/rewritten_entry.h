// Entries that a rewrite puts in the place of history: a *skipped range* stands for consecutive entries of one origin
// that were dropped, a *compacted batch* for a record batch of which only some records are left. Both keep the origin's
// chain checkable and say what the originals did to StreamState (docs/formats/stream-log.md).
//
// Values; any thread. Decoders: `corrupt`.
#pragma once

#include <string>
#include <vector>

#include "model/entry.h"
#include "model/entry_payload.h"

namespace distributary {

inline constexpr size_t kSkippedPartitionsMax = 4096;  // in one entry
inline constexpr size_t kSkippedBatchesMax = 16384;
inline constexpr size_t kSkippedTransactionsMax = 4096;
inline constexpr size_t kSkippedGroupsMax = 4096;
inline constexpr size_t kSkippedCursorsMax = 16384;  // of all groups
inline constexpr size_t kSkippedNotesMax = 4096;

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

// The last whole transaction of a producer in the range: what is known of the producer after it. In these, `at` is the
// place in the range, from 0: they are in that order.
struct SkippedTransaction {
  uint64_t at = 0;  // of its end
  int64_t producer_id = -1;
  int16_t epoch = 0;  // the only one that may write from now on
  int16_t ended_epoch = 0;
  bool committed = false;
  bool by_server = false;
  uint32_t timeout_ms = 0;
  WallMillis started = 0;
  WallMillis updated = 0;
  std::string transactional_id;
  bool operator==(const SkippedTransaction&) const = default;
};

// Of a transaction that is not whole in the range: an entry that extends it, has positions of it or ends it.
struct SkippedNote {
  uint64_t at = 0;
  EntryType type = EntryType::transaction_extended;
  WallMillis appended = 0;
  std::vector<uint8_t> payload;
  bool operator==(const SkippedNote&) const = default;
};

// The last positions that a group has committed in the range, alone or with a whole transaction, as the origin's
// stream.
struct SkippedCursor {
  uint64_t at = 0;
  WallMillis committed = 0;
  CursorCommit commit;
  bool operator==(const SkippedCursor&) const = default;
};
struct SkippedGroup {
  std::string group;
  std::vector<SkippedCursor> cursors;  // in any order
  bool operator==(const SkippedGroup&) const = default;
};

// One of these. Borrowed from the range.
struct SkippedStep {
  uint64_t at = 0;
  const SkippedTransaction* transaction = nullptr;
  const SkippedNote* note = nullptr;
  const SkippedCursor* cursor = nullptr;
  const std::string* group = nullptr;  // of the cursor
};

// Payload of a skipped range. The entry's header has origin, first origin LSN and the chain hash before it.
struct Skipped {
  Hash128 chain_after;
  uint64_t count = 0;            // of entries; their LSNs and origin LSNs are consecutive
  uint64_t history_bytes = 0;    // of their contents
  uint64_t history_records = 0;  // offsets that their batches took
  std::vector<SkippedPartition> partitions;
  std::vector<SkippedBatch> batches;  // in order; the last few of each producer are enough
  std::vector<SkippedTransaction> transactions;
  std::vector<SkippedNote> notes;
  std::vector<SkippedGroup> groups;

  // What transactions and cursors did, in order.
  std::vector<SkippedStep> steps() const;

  std::vector<uint8_t> encode() const;
  static Result<Skipped> decode(ByteView payload);
  bool operator==(const Skipped&) const = default;
};

// Payload of a compacted batch: `batch` has the base offset and the last offset delta of the original.
std::vector<uint8_t> encode_compacted(uint32_t original_checksum, uint32_t original_bytes, ByteView batch);

}  // namespace distributary
