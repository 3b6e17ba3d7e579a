// BatchReader: the record batches of a partition, from the tail cache or by exact reads of the log.
//
// What comes from the device is checked before it is served: content checksum, and that it is the batch that the index
// promised. Larger batches that are in the page cache may be served as pieces of the log's files. Then they are read
// for their check only; what this process has written or checked, and what has stayed there since, is not even read.
// Belongs to one Stream.
#pragma once

#include <optional>
#include <vector>

#include "base/piece.h"
#include "io/file_system.h"
#include "io/task_scope.h"
#include "stream/checked_ranges.h"
#include "stream/log_index.h"
#include "stream/read_turns.h"
#include "stream/stream_options.h"
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
  BatchReader(Executor& executor, const StreamOptions& options, Log& log, LogId id, TailCache& cache, LogIndex& index,
              ReadTurns* turns)
      : executor_(executor),
        options_(options),
        log_(log),
        id_(id),
        cache_(cache),
        index_(index),
        turns_(executor, kFetchesReading),
        node_turns_(turns) {}

  struct Batches {
    std::vector<Piece> batches;
    size_t bytes = 0;
    Offset next = 0;  // after the last of them
  };
  // Batches from the one that holds `from`, or the next one where compaction has dropped it, up to `end` (exclusive).
  // Offsets that are missing without such an explanation are damage. `topic` as of the call; it may be gone when the
  // read ends. `files`: larger batches may be pieces of the log's files.
  Task<Result<Batches>> read(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max, bool whole_first,
                             bool files);
  // One batch, checked.
  Task<Result<Bytes>> read_batch(TopicUuid topic, IndexEntry entry);

  // A group was appended, and lies there as it was made.
  void written(SegmentNumber segment, uint64_t from, uint64_t end) { checked_.written(segment, from, end); }
  // All up to there is durable, and stays as it is.
  void durable(SegmentNumber segment, uint64_t end) {
    durable_segment_ = segment;
    durable_end_ = end;
  }
  // Other bytes are in the place of these segments.
  void forget(SegmentNumber first, SegmentNumber last) { checked_.forget(first, last); }

  // Of the last damage that a read ended with.
  ReadPlace last_damage() const { return last_damage_; }

 private:
  Task<Result<Batches>> read_once(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max,
                                  bool whole_first, bool files);
  Task<Result<std::vector<IndexEntry>>> find(TopicUuid topic, IndexKey key, Offset from, Offset end, size_t bytes_max);
  struct Span {  // neighbours in the log that one read covers
    SegmentNumber segment = 0;
    uint64_t at = 0;
    uint64_t end = 0;
    std::vector<size_t> entries;
    bool from_file = false;  // to be sent from the file: read into a turn's buffer, for its check
    std::shared_ptr<File> file;
    uint64_t stamp = 0;  // of the file, when it was read for its check
    Result<Bytes> bytes = Bytes();
  };
  struct Wanted {
    TopicUuid topic;
    std::vector<IndexEntry> entries;
    bool files = false;
    uint64_t generation = 0;   // of the index, as of the places
    std::vector<Piece> found;  // for each entry; shorter where damage begins
  };
  std::vector<Span> plan(Wanted& wanted) const;
  static void keep(Wanted& wanted, size_t entry, const Bytes& bytes, const Span* in_file);
  bool may_stay(const Wanted& wanted, const Span& span) const;
  Task<Status> choose_files(const Wanted& wanted, std::vector<Span>& spans);
  bool was_checked(const Wanted& wanted, const Span& span) const;
  void remember(const Wanted& wanted, const Span& span, const IndexEntry& entry);
  Task<bool> take_unread(Wanted& wanted, Span& span);
  Task<Status> load(Span& span, MutableBytes buffer);
  Task<Result<bool>> take_from_file(Wanted& wanted, Span& span, ReadTurns::Turn& turn);
  Task<Status> check_spans(Wanted& wanted, std::vector<Span>& spans, ReadTurns::Turn& turn);
  Task<void> read_long(Span& span);
  Task<void> read_short(SegmentNumber segment, std::vector<Span*> spans);
  Task<void> read_spans(std::vector<Span>& spans);
  static Status check(const TopicUuid& topic, const IndexEntry& entry, const Bytes& bytes);

  Executor& executor_;
  const StreamOptions& options_;
  Log& log_;
  LogId id_;
  TailCache& cache_;
  LogIndex& index_;
  ReadPlace last_damage_;
  CheckedRanges checked_;
  SegmentNumber durable_segment_ = 0;
  uint64_t durable_end_ = 0;
  ReadTurns turns_;
  ReadTurns* node_turns_;
};

}  // namespace distributary
