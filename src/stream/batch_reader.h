// BatchReader: the record batches of a partition, from the tail cache or by exact reads of the log.
//
// What comes from the device is checked before it is served: content checksum, and that it is the batch that the index
// promised. Belongs to one Stream.
#pragma once

#include <optional>
#include <vector>

#include "io/task_scope.h"
#include "stream/log_index.h"
#include "stream/read_turns.h"
#include "stream/stream_state.h"
#include "stream/tail_cache.h"

namespace distributary {

inline constexpr size_t kFetchesReading = 1;          // that read one log at a time: many reads each keep a device busy
inline constexpr size_t kFetchesReadingOfNode = 4;    // likewise, of all logs of a node
inline constexpr size_t kReadGapBytes = 4096;         // neighbours closer than this are read together
inline constexpr size_t kReadBytesMax = 1u << 20;     // of one coalesced read
inline constexpr size_t kReadLongBytes = 256u << 10;  // from here on worth a read-ahead
inline constexpr size_t kCheckedPerTurn = 128u << 10;  // bytes whose checksums are compared before others go first

struct ReadPlace {
  SegmentNumber segment = 0;  // 0: not known
  uint64_t at = 0;
};

class BatchReader {
 public:
  // `turns`: of the node, shared by its streams; null: only those of the log.
  BatchReader(Executor& executor, Log& log, LogId id, TailCache& cache, LogIndex& index, ReadTurns* turns)
      : executor_(executor),
        log_(log),
        id_(id),
        cache_(cache),
        index_(index),
        turns_(executor, kFetchesReading),
        node_turns_(turns) {}

  struct Batches {
    std::vector<Bytes> batches;
    size_t bytes = 0;
  };
  // Batches from the one that holds `from`, or the next one where compaction has dropped it, up to `end` (exclusive).
  // Offsets that are missing without such an explanation are damage. `topic` as of the call; it may be gone when the
  // read ends.
  Task<Result<Batches>> read(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max,
                             bool whole_first);
  // One batch, checked.
  Task<Result<Bytes>> read_batch(TopicUuid topic, IndexEntry entry);

  // Of the last damage that a read ended with.
  ReadPlace last_damage() const { return last_damage_; }

 private:
  Task<Result<Batches>> read_once(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max,
                                  bool whole_first);
  Task<Result<std::vector<IndexEntry>>> find(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max);
  struct Span {  // neighbours in the log that one read covers
    SegmentNumber segment = 0;
    uint64_t at = 0;
    uint64_t end = 0;
    std::vector<size_t> entries;
    Result<Bytes> bytes = Bytes();
  };
  std::vector<Span> plan(const TopicUuid& topic, const std::vector<IndexEntry>& entries,
                         std::vector<Bytes>& found) const;
  Task<void> read_long(Span& span);
  Task<void> read_short(SegmentNumber segment, std::vector<Span*> spans);
  Task<void> read_spans(std::vector<Span>& spans);
  static Status check(const TopicUuid& topic, const IndexEntry& entry, const Bytes& bytes);

  Executor& executor_;
  Log& log_;
  LogId id_;
  TailCache& cache_;
  LogIndex& index_;
  ReadPlace last_damage_;
  ReadTurns turns_;
  ReadTurns* node_turns_;
};

}  // namespace distributary
