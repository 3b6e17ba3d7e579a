// SegmentRewriter: copies sealed segments into one new segment without what is dead (docs/formats/stream-log.md,
// "Rewritten segments"). Everything read is verified; damage ends it, and nothing has changed then.
//
// Fills the rewrite that the caller has begun on the log; the caller commits or abandons it. Lets others go first
// between groups. Threads: one executor. Errors: corrupt names the place; cancelled when stopped; those of the log.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "io/executor.h"
#include "stream/memory_index.h"
#include "stream/segment_scanner.h"
#include "stream/segment_table.h"
#include "stream/skipped_range.h"

namespace distributary {

inline constexpr size_t kRecordsPerTurn = 2048;           // looked at before others go first
inline constexpr size_t kRewriteGroupBytes = 256u << 10;  // a group is written when it has grown to this

// What becomes of one record batch.
struct Verdict {
  enum class Fate : uint8_t { keep, drop, replace };
  Fate fate = Fate::keep;
  bool trimmed = false;        // dropped, because it is below the log start, or its topic is gone
  std::vector<uint8_t> batch;  // instead of it
  size_t records = 0;          // that were looked at one by one, for others to go first
};

class SegmentRewriter {
 public:
  using Judge = std::function<Result<Verdict>(const ContentView& batch)>;
  struct Surroundings {
    Executor& executor;
    Log& log;
    LogId id;
    const StreamState& state;  // names the partitions in the index
  };
  SegmentRewriter(Surroundings surroundings, RewriteNumber rewrite, Judge judge);

  struct Rewritten {
    SegmentInfo segment;
    RewriteSummary summary;
    MemoryIndex index;
  };
  // `from`: neighbours, all sealed.
  Task<Result<Rewritten>> run(std::vector<SegmentInfo> from, std::stop_token stop);

 private:
  Task<Status> begin(const SegmentInfo& first);
  Task<Status> copy_segment(SegmentInfo segment, std::stop_token stop);
  Task<Status> copy_group(const ScannedGroup& group);
  Status copy_entry(const EntryView& entry);
  Status drop(const EntryView& entry, bool trimmed);
  Status write_range();
  void write(Lsn lsn, Lsn end, const std::function<ContentView(std::vector<uint8_t>& group, uint32_t salt)>& append);
  Task<Status> write_group();
  Task<Status> finish();

  Surroundings in_;
  Judge judge_;
  Rewritten out_;
  uint32_t salt_ = 0;           // of the segment
  std::vector<uint8_t> bytes_;  // what was not appended yet: perhaps the segment header, then the group that gathers
  size_t group_at_ = 0;         // of its header in `bytes_`
  GroupHeader group_;           // of the group that gathers; `entries` 0: none does
  Lsn end_ = 0;                 // one past the last LSN copied
  size_t looked_at_ = 0;        // records, since others went first
  StorageEpoch epoch_ = 0;      // of the group being copied
  WallMillis written_ = 0;
  SkippedRange range_;
};

}  // namespace distributary
