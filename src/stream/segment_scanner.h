// Reads the groups of one segment in order. Used by recovery, by indexing anew, and by readers of history.
//
// Threads: one executor. Errors: corrupt when no valid group begins where one must; says where.
#pragma once

#include <optional>

#include "model/entry.h"
#include "stream/log_format.h"

namespace distributary {

struct ScannedGroup {
  GroupHeader header;
  Bytes bytes;  // the whole group
  SegmentNumber segment = 0;
  uint64_t at = 0;
  uint32_t salt = 0;  // of its entries

  // One past the last entry: what may follow in a group without entries is no entry (RewriteSummary).
  size_t entries_end() const { return header.entries == 0 ? kGroupHeaderBytes : bytes.size(); }
  // The entry at `offset` (kGroupHeaderBytes for the first); both its checksums are verified.
  Result<EntryView> entry(size_t offset) const { return EntryView::parse(bytes.view().subspan(offset), salt); }
};

class SegmentScanner {
 public:
  // From `at` to the segment's end.
  SegmentScanner(Log& log, LogId id, const SegmentInfo& segment, uint64_t at);

  // The next group, or nullopt at the end.
  Task<Result<std::optional<ScannedGroup>>> next();
  uint64_t at() const { return at_; }
  // Goes on at the next place that holds a valid group header; false when there is none. For recovery behind a hole.
  Task<Result<bool>> find_next_group();

 private:
  // At least `length` bytes from `at_`, or what is left before the end.
  Task<Result<ByteView>> window(size_t length);

  Log& log_;
  SegmentNumber segment_;
  uint64_t at_;
  uint64_t end_;
  uint32_t salt_;
  Bytes buffer_;
  uint64_t buffer_at_ = 0;
};

}  // namespace distributary
