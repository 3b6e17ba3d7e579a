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

  // The entry at `offset` (kGroupHeaderBytes for the first); both its checksums are verified.
  Result<EntryView> entry(size_t offset) const { return EntryView::parse(bytes.view().subspan(offset), salt); }
};

class SegmentScanner {
 public:
  // `end`: where to stop, at most the segment's size.
  SegmentScanner(Log& log, LogId id, SegmentNumber segment, uint64_t at, uint64_t end);

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
