// LogIndex: finds the record batches of a partition. The newest segments are indexed in memory, sealed ones in runs on
// disk; runs are merged eight to one, so that finding a quiet partition costs O(log segments).
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

#include "storage/log_store.h"
#include "stream/index_run.h"

namespace distributary {

inline constexpr size_t kIndexMergeFanIn = 8;
inline constexpr size_t kIndexBlocksCached = 256;

class LogIndex {
 public:
  LogIndex(Log& log, LogId id) : log_(log), id_(id) {}

  // Opens the runs found among the blobs of the log; removes superseded and incomplete ones. Gives the segments of
  // [first, last] that no good run covers: the caller indexes them anew (add, then seal).
  Task<Result<std::vector<SegmentNumber>>> open(SegmentNumber first, SegmentNumber last);

  void add(const IndexEntry& entry);
  bool covered_by_run(SegmentNumber segment) const;
  // Entries of one segment that are in memory, in the order added, from the `begin`-th on: for checkpoints.
  std::vector<IndexEntry> memory_entries(SegmentNumber segment, size_t begin) const;
  std::vector<SegmentNumber> memory_segments() const;
  void take_memory(LogIndex& from) { memory_ = std::move(from.memory_); }

  // Writes the index of a sealed segment as a run of its own and drops it from memory; merges runs when enough have
  // gathered.
  Task<Status> seal(SegmentNumber segment);
  Task<Status> merge();

  // Up to `entries_max` consecutive batches from the one that holds `from`, or the next after it. Stops after
  // `bytes_max`, or where `keep_going` says so.
  Task<Result<std::vector<IndexEntry>>> find(IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  // The first batch of a partition, at or after `from`, whose largest timestamp is at least `time`; nullopt when there
  // is none.
  Task<Result<std::optional<IndexEntry>>> find_time(IndexKey key, Offset from, WallMillis time);
  // For every partition with batches in `segment`: the end of the last one.
  Task<Result<std::map<IndexKey, Offset>>> segment_ends(SegmentNumber segment);
  // Forgets segments before `first`; runs wholly below it are removed.
  Task<Status> drop_before(SegmentNumber first);
  // A run was found damaged: forget it and give its segments, to be indexed anew.
  Task<std::vector<SegmentNumber>> discard_run(SegmentNumber first, SegmentNumber last);
  // Runs whose blocks did not match since the last call.
  std::vector<std::pair<SegmentNumber, SegmentNumber>> take_damaged() { return std::exchange(damaged_, {}); }
  size_t run_count() const { return runs_.size(); }

 private:
  struct MemoryEntry {
    Offset base_offset;
    WallMillis max_timestamp;
    uint64_t at;
    uint32_t offsets;
    uint32_t length;
  };
  struct MemorySegment {
    boost::unordered_flat_map<IndexKey, std::vector<MemoryEntry>> partitions;
    std::vector<IndexKey> order;  // key of each entry, as added
  };
  // Shared, because a lookup may be reading a run that a merge is replacing.
  using RunPointer = std::shared_ptr<IndexRun>;
  using Block = std::shared_ptr<const std::vector<IndexEntry>>;  // shared with the cache, which may drop it meanwhile
  struct CachedBlock {
    const IndexRun* run;
    size_t block;
    Block entries;
  };

  struct Probe {  // what one source has from an offset on
    std::vector<IndexEntry> entries;
    bool passed = false;  // the source has entries of the partition, all before the offset
  };
  Task<Result<Block>> block(RunPointer run, size_t index);
  Task<Result<Probe>> probe(RunPointer run, IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  Probe probe_memory(SegmentNumber segment, IndexKey key, Offset from, size_t bytes_max, size_t entries_max) const;
  Task<Result<std::vector<IndexEntry>>> find_once(IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  // A run, or a segment in memory when `run` is null. A segment that is indexed anew is in memory and older than some
  // runs.
  struct Source {
    SegmentNumber first = 0;
    RunPointer run;
  };
  std::vector<Source> sources() const;  // oldest first
  Task<Result<Probe>> probe_source(Source source, IndexKey key, Offset from, size_t bytes_max, size_t entries_max);
  Task<Status> write_run(SegmentNumber first, SegmentNumber last, std::vector<RunPointer> from);
  Task<Status> write_sorted(SegmentNumber segment, std::vector<IndexEntry> entries);
  Task<Status> remove_blobs(RunPointer run);

  Log& log_;
  LogId id_;
  SegmentNumber first_segment_ = 0;
  uint64_t generation_ = 0;       // of the row of sources: a lookup that saw it change looks again
  std::vector<RunPointer> runs_;  // ascending, disjoint
  std::map<SegmentNumber, MemorySegment> memory_;
  std::deque<CachedBlock> cache_;
  std::vector<std::pair<SegmentNumber, SegmentNumber>> damaged_;
};

}  // namespace distributary
