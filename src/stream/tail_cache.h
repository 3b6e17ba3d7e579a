// TailCache: the newest groups of all streams of a node, in memory, so that tailing consumers and links never touch the
// disk. Buffers are shared with the writer that made them: nothing is copied. One budget for the node; the oldest go
// first.
//
// Threads: the executor's thread only. Ownership: outlives the streams that use it.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "storage/log_store.h"

namespace distributary {

class TailCache {
 public:
  explicit TailCache(size_t budget_bytes) : budget_(budget_bytes) {}

  // `data` lies at `at` of the segment. Called in the order written. `held`: what its buffer takes of the memory, if
  // that is more; it is what counts.
  void put(const LogId& log, SegmentNumber segment, uint64_t at, Bytes data, size_t held = 0);
  // Exactly these bytes, or nullopt when they are not all in one cached buffer.
  std::optional<Bytes> get(const LogId& log, SegmentNumber segment, uint64_t at, size_t length) const;
  // From `at` to the end of the cached buffer that holds it.
  std::optional<Bytes> get_from(const LogId& log, SegmentNumber segment, uint64_t at) const;
  void drop(const LogId& log);
  void drop(const LogId& log, SegmentNumber first, SegmentNumber last);
  size_t bytes() const { return bytes_; }  // held

 private:
  struct Key {
    LogId log;
    SegmentNumber segment;
    uint64_t at;
    auto operator<=>(const Key&) const = default;
  };
  struct Buffer {
    Bytes data;
    size_t held = 0;
  };
  std::map<Key, Buffer> buffers_;
  std::deque<Key> order_;
  size_t budget_;
  size_t bytes_ = 0;
};

}  // namespace distributary
