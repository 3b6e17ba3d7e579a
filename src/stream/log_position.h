// Where a reader is in a stream's log, and what it read.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "model/ids.h"
#include "storage/log_store.h"

namespace distributary {

// Just before the entry `next`. The totals count all history before it, so that the difference of two positions is a
// backlog.
struct LogPosition {
  Lsn next = 1;
  SegmentNumber segment = 1;
  uint64_t at = 0;  // of a group header
  uint64_t history_bytes = 0;
  uint64_t history_records = 0;
  bool operator==(const LogPosition&) const = default;
};

struct LogChunk {
  std::vector<Bytes> contents;  // history entries, immutable content only (ContentView), in log order
  LogPosition next;             // go on from here
  size_t bytes = 0;
};

}  // namespace distributary
