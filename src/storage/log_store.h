// LogStore: where the bytes of stream logs are kept. An engine (local files, memory, later RADOS objects) implements
// it; everything above uses only this.
//
// A log is a row of numbered segments, of which only the last is appended to, and a set of named blobs (sealed indexes,
// checkpoint chunks). Sealed segments can be rewritten: one new segment takes the place of several. The engine knows
// nothing of entries: framing, checksums and recovery belong to stream/.
//
// Fencing: a log is opened under an epoch greater than every earlier one; from then on every operation by an older
// owner fails with `fenced`. Threads: the executor's thread only. Ownership: a Log must outlive its operations and is
// closed by its destructor. Errors: io, storage_full, fenced, corrupt, not_found, cancelled; invalid_argument for a
// call that makes no sense (a segment that does not follow, a bad name). After a failed append or sync the state on the
// device is unknown: the Log refuses further writes to segments (reads, removals and blobs go on), and the owner
// discards it and opens it again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"
#include "io/task.h"

namespace distributary {

class File;  // io/file_system.h

// A stream's log; lane is always 0 today (lanes split a stream over several logs later).
struct LogId {
  Uuid stream;
  uint32_t lane = 0;
  auto operator<=>(const LogId&) const = default;
};
std::string to_string(const LogId& id);  // "<uuid>.<lane>"
Result<LogId> parse_log_id(std::string_view text);

using StorageEpoch = uint64_t;
using SegmentNumber = uint64_t;  // from 1, dense at the end; older ones may have been removed or merged
using RewriteNumber = uint32_t;  // of a rewrite within its log, from 1

struct SegmentInfo {
  SegmentNumber number = 0;
  uint64_t bytes = 0;
  SegmentNumber merged = 0;   // how many segments after `number` it stands for as well
  RewriteNumber rewrite = 0;  // 0: as it was appended; else which rewrite made it

  SegmentNumber last() const { return number + merged; }
};

// A blob's name: [a-z0-9.-]{1,128}. For engines.
inline constexpr size_t kMaxBlobName = 128;
Status check_blob_name(std::string_view name);

// How a read will be followed: `sequential` may read ahead through the page cache; `scattered` must move few bytes more
// than asked.
enum class ReadPattern { sequential, scattered };

struct LogRange {
  uint64_t at = 0;
  size_t length = 0;
};

class Log {
 public:
  virtual ~Log() = default;

  // Ascending. Kept up to date by the operations below.
  virtual const std::vector<SegmentInfo>& segments() const = 0;

  // Creates the segment after the last one, exclusively, and reserves space for `bytes_expected`. From here on only it
  // is appended to. The segment's existence is durable when the first sync after it is.
  virtual Task<Status> create_segment(SegmentNumber number, uint64_t bytes_expected) = 0;

  // Writes at the end of the last segment; visible to read when done, durable after sync. One append at a time.
  virtual Task<Status> append(Bytes data) = 0;

  // All appends completed before the call are durable after it. May run while appends go on; one sync at a time.
  virtual Task<Status> sync() = 0;

  // Up to `length` bytes from `at`; fewer only at the segment's end. Any number at a time.
  virtual Task<Result<Bytes>> read(SegmentNumber segment, uint64_t at, size_t length, ReadPattern pattern) = 0;

  // Many scattered reads of one segment, overlapping each other: one result for each range, in their order. A range
  // that passes the segment's end is shorter. Cheaper than as many calls of `read`.
  virtual Task<Result<std::vector<Bytes>>> read_ranges(SegmentNumber segment, std::vector<LogRange> ranges);

  // The file that holds a segment, for readers with memory of their own and connections that send from it; null when
  // the engine keeps it otherwise. It stays whole for its holder when the segment is removed or rewritten.
  virtual Task<Result<std::shared_ptr<File>>> segment_file(SegmentNumber segment);

  // Recovery only: drops the segments after `segment` and cuts it to `bytes`. Durable when done.
  virtual Task<Status> truncate(SegmentNumber segment, uint64_t bytes) = 0;

  // Drops a segment that is not the last, for good.
  virtual Task<Status> remove_segment(SegmentNumber number) = 0;

  // Rewriting, in three steps. `begin_rewrite` opens a new segment out of sight, which `append_rewrite` fills.
  // `commit_rewrite` makes it durable and then puts it in the place of the segments [first, last] by one atomic step:
  // after a crash there are either all of the old ones or the new one, under the number `first`. When it returns,
  // `segments()` and `read` know the new one only; nothing ran in between. `remove_replaced` then gives the space of
  // the old ones back (the next open does it otherwise). One rewrite at a time, beside appends and syncs; what was
  // begun and not committed is dropped by the next begin, by `abandon_rewrite` and by opening the log again. `first`
  // and `last` are ends of sealed segments of which none is removed meanwhile, and `rewrite` is greater than that of
  // any segment of the log.
  virtual Task<Status> begin_rewrite(SegmentNumber first, SegmentNumber last, RewriteNumber rewrite) = 0;
  virtual Task<Status> append_rewrite(Bytes data) = 0;
  virtual Task<Status> commit_rewrite() = 0;
  virtual Task<Status> abandon_rewrite() = 0;
  virtual Task<Status> remove_replaced() = 0;

  // Blobs: written whole, atomically and durably; replaced if present. Names: [a-z0-9.-]{1,128}.
  virtual Task<Status> put_blob(std::string name, Bytes data) = 0;
  virtual Task<Result<uint64_t>> blob_size(std::string name) = 0;
  virtual Task<Result<Bytes>> read_blob(std::string name, uint64_t at, size_t length) = 0;
  virtual Task<Status> remove_blob(std::string name) = 0;  // ok when absent
  virtual Task<Result<std::vector<std::string>>> list_blobs() = 0;

  // Total of segments and blobs.
  virtual uint64_t bytes_used() const = 0;
};

class LogStore {
 public:
  virtual ~LogStore() = default;
  // Opens the log, creating it when absent, and fences every owner with an older epoch. An epoch not greater than the
  // stored one is `fenced`. Whatever can be read after it is durable: nothing that a recovery has seen may disappear
  // later.
  virtual Task<Result<std::unique_ptr<Log>>> open(LogId id, StorageEpoch epoch) = 0;
  virtual Task<Result<std::vector<LogId>>> list() = 0;
  virtual Task<Status> remove(LogId id) = 0;  // ok when absent
  // Space left for appends, after the reserve that is kept for seals, deletions and retention. 0: refuse produce.
  virtual Task<Result<uint64_t>> space_left() = 0;
};

}  // namespace distributary
