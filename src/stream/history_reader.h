// HistoryReader: a stream's history in log order, for links, copies and verification. Reads durable groups only.
//
// Belongs to one Stream. Errors: gap when what is asked is no longer kept; corrupt names the place.
#pragma once

#include <optional>

#include "stream/log_format.h"
#include "stream/log_position.h"
#include "stream/segment_scanner.h"
#include "stream/segment_table.h"
#include "stream/tail_cache.h"

namespace distributary {

class HistoryReader {
 public:
  HistoryReader(Log& log, LogId id, TailCache& cache, const SegmentTable& segments)
      : log_(log), id_(id), cache_(cache), segments_(segments) {}

  // Where a reader that holds `held` begins.
  Result<LogPosition> find(const OriginPositions& held) const;
  // History from `from` up to `end`, about `bytes_max` of it.
  Task<Result<LogChunk>> read(LogPosition from, LogPosition end, size_t bytes_max);
  // The chain hash of `origin` after `lsn`, searched up to `end`.
  Task<Result<std::optional<Hash128>>> chain_at(Origin origin, OriginLsn lsn, LogPosition end);

  // Where the last group was looked for: after an error, the place of the damage.
  const LogPosition& last_read() const { return last_read_; }

 private:
  // What was read last of a segment, for the small groups that follow; kept for one call of `read` only.
  struct Window {
    SegmentInfo segment;
    uint64_t at = 0;
    Bytes bytes;

    // What it has from `from` on, if it is of this segment; else nothing.
    ByteView view(const SegmentInfo& of, uint64_t from) const;
  };

  Task<Result<ScannedGroup>> group_at(SegmentNumber segment, uint64_t at, Window& window);
  // A window that begins with the group at `at` and holds all of it; it may be shorter at the end of a damaged segment.
  Task<Result<Window>> read_window(SegmentInfo segment, uint64_t at, uint32_t salt, ByteView known);
  // Moves over the end of a sealed segment.
  void settle(LogPosition& position) const;
  // A rewrite may have moved what `position` points to: goes back to the begin of its segment. False: it did not.
  bool find_again(LogPosition& position) const;
  Task<Result<ScannedGroup>> next_group(LogPosition& position, Window& window);
  static Status collect(const ScannedGroup& group, const LogPosition& from, LogChunk& chunk);

  Log& log_;
  LogId id_;
  TailCache& cache_;
  const SegmentTable& segments_;
  LogPosition last_read_;
};

}  // namespace distributary
