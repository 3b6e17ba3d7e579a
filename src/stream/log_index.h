// LogIndex: finds the record batches of a partition. The newest segments are indexed in memory, sealed ones in runs on
// disk; runs are merged eight to one, so that finding a quiet partition costs O(log segments).
//
// A rewritten segment has a run of its own, which takes the place of what older runs say of its segments; a run is used
// for a row of segments, its *view*, or for several such rows.
//
// Ownership: belongs to one Stream. Threads: one executor; lookups may run while a seal or merge does.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "io/task_scope.h"
#include "storage/log_store.h"
#include "stream/index_run.h"
#include "stream/memory_index.h"

namespace distributary {

inline constexpr size_t kIndexMergeFanIn = 8;
inline constexpr size_t kIndexBlocksCached = 256;
inline constexpr size_t kIndexViewsMax = 64;          // more: neighbours are merged, whatever their width
inline constexpr size_t kIndexHints = 4096;           // readers whose places are remembered
inline constexpr size_t kIndexEntriesPerTurn = 2048;  // written by a seal or merge before others go first

class LogIndex {
 public:
  LogIndex(Executor& executor, Log& log, LogId id) : executor_(executor), log_(log), id_(id) {}

  // Shared, because a lookup may be reading a run that a merge is replacing.
  using RunPointer = std::shared_ptr<IndexRun>;

  // Opens the runs found among the blobs of the log; removes superseded and incomplete ones. Gives those of the sealed
  // segments that no good run covers: the caller indexes them anew (add, then seal).
  Task<Result<std::vector<SegmentNumber>>> open(std::vector<SegmentInfo> sealed);

  void add(const IndexEntry& entry) { memory_.add(entry); }
  bool covered_by_run(SegmentNumber segment) const;
  const MemoryIndex& memory() const { return memory_; }
  // What a checkpoint had of it.
  void set_memory(MemoryIndex memory) { memory_ = std::move(memory); }

  // Writes the index of a sealed segment as a run of its own and drops it from memory; merges runs when enough have
  // gathered. They let others go first every so many entries; a merge may take long all the same, and ends with
  // `cancelled` when stopped.
  Task<Status> seal(SegmentInfo segment);
  Task<Status> merge(std::stop_token stop);

  // Up to `entries_max` consecutive batches from the one that holds `from`, or the next after it. Stops after
  // `bytes_max`, or where `keep_going` says so.
  Task<Result<std::vector<IndexEntry>>> find(IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  // The first batch of a partition, at or after `from`, whose largest timestamp is at least `time`; nullopt when there
  // is none.
  Task<Result<std::optional<IndexEntry>>> find_time(IndexKey key, Offset from, WallMillis time);
  // For every partition with batches in `segment`: the end of the last one.
  Task<Result<std::map<IndexKey, Offset>>> segment_ends(SegmentNumber segment);
  // Rewriting: writes the run of a segment that is about to be put in place; then, in one step with that, uses it
  // instead of what others say of these segments. `remove_unused` gives their space back.
  Task<Result<RunPointer>> write_rewritten(SegmentInfo segment, const MemoryIndex& entries);
  void replace(const SegmentInfo& segment, RunPointer run);
  Task<Status> remove_unused();
  void discard(RunPointer run) { unused_.push_back(std::move(run)); }  // for remove_unused
  // Every entry of the sealed segments; lets others go first every so many.
  Task<Status> visit(std::function<void(const IndexEntry&)> see, std::stop_token stop);
  // Changes whenever a place found before may no longer hold: look again before calling it damage.
  uint64_t generation() const { return generation_; }

  // Forgets segments before `first`; runs wholly below it are removed.
  Task<Status> drop_before(SegmentNumber first);
  // A run was found damaged: forget it and give its segments, to be indexed anew.
  Task<std::vector<SegmentNumber>> discard_run(IndexRunName name);
  // Runs whose blocks did not match since the last call.
  std::vector<IndexRunName> take_damaged() { return std::exchange(damaged_, {}); }
  size_t run_count() const { return views_.size(); }

 private:
  // What a run is used for.
  struct View {
    SegmentNumber first = 0;
    SegmentNumber last = 0;
    RunPointer run;
    bool operator==(const View&) const = default;
  };
  using Block = std::shared_ptr<const std::vector<IndexEntry>>;  // shared with the cache, which may drop it meanwhile
  struct CachedBlock {
    const IndexRun* run;
    size_t block;
    Block entries;
  };

  using Probe = MemoryIndex::Found;  // what one source has from an offset on
  // What the last lookup of a partition found, for the next one of a reader that goes on there.
  struct Hint {
    Offset begin = 0;           // of the first batch found
    Offset end = 0;             // of the last one
    SegmentNumber segment = 0;  // of the first
  };
  Task<Result<Block>> block(RunPointer run, size_t index);
  Task<Result<Probe>> probe(View view, IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  Task<Result<std::vector<IndexEntry>>> find_once(IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  // A view, or a segment in memory when `run` is null. A segment that is indexed anew is in memory and older than some
  // runs.
  using Source = View;
  std::vector<Source> sources() const;  // oldest first
  Task<Result<Probe>> probe_source(Source source, IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  size_t hinted_source(const std::vector<Source>& all, IndexKey key, Offset from) const;
  void leave_hint(IndexKey key, const std::vector<IndexEntry>& found);
  // The oldest source with what is wanted, and what it has; all.size() when none has.
  Task<Result<size_t>> first_source(const std::vector<Source>& all, IndexKey key, Offset from, size_t bytes_max,
                                    size_t entries_max, Probe& first);
  bool pause_due(const IndexPartWriter& writer) { return writer.full() || ++worked_ % kIndexEntriesPerTurn == 0; }
  Task<Status> pause(IndexPartWriter& writer);
  Task<Status> finish_run(IndexPartWriter& writer);
  Task<Status> write_memory(const MemoryIndex& from, SegmentNumber segment, IndexRunName name);
  Task<Status> write_run(IndexRunName name, std::vector<View> from, std::stop_token stop);
  std::vector<View> row_to_merge() const;
  std::vector<View> narrowest_row() const;
  Task<Status> merge_row(std::vector<View> row, std::stop_token stop);
  Task<Result<bool>> adopt_run(IndexRunName name, const std::vector<SegmentInfo>& sealed);
  void insert_view(View view);
  void set_aside_unused(const std::vector<View>& before);
  Task<Status> remove_blobs(RunPointer run);

  Executor& executor_;
  Log& log_;
  LogId id_;
  SegmentNumber first_segment_ = 0;
  uint64_t generation_ = 0;  // of the row of sources: a lookup that saw it change looks again
  std::vector<View> views_;  // ascending, disjoint
  std::vector<RunPointer> unused_;
  MemoryIndex memory_;
  boost::unordered_flat_map<IndexKey, Hint> hints_;
  size_t worked_ = 0;  // entries since others were let go first
  std::deque<CachedBlock> cache_;
  std::vector<IndexRunName> damaged_;
};

}  // namespace distributary
