// GroupWriter: group commit. Entries gather in a group while the one before is written; groups are written one after
// the other, and synced behind: one sync covers all groups written before it. Segments are begun and sealed here.
//
// The bytes of a group are copied once, from the request into the group; the same buffer goes to the device and to the
// tail cache.
//
// Ownership: belongs to one Stream; `stop` must be awaited before destruction. Threads: one executor.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "io/signal.h"
#include "io/task_scope.h"
#include "io/world.h"
#include "stream/log_format.h"
#include "stream/log_position.h"
#include "stream/stream_options.h"
#include "stream/tail_cache.h"

namespace distributary {

inline constexpr size_t kGroupTargetBytes = 1u << 20;  // a gathering group is closed when it has grown to this
// What a new group reserves: as much as the one before took, within these. Growing would copy it again and again.
inline constexpr size_t kGroupReserveMin = 4u << 10;
inline constexpr size_t kGroupReserveMax = 2u << 20;
inline constexpr size_t kGroupWhileSyncingBytes = 128u
                                                  << 10;  // while a sync is under way, smaller groups wait and gather
inline constexpr size_t kUnwrittenBytesMax = 32u << 20;   // producers wait (Stream::has_room) beyond this

// What becomes visible when a group does.
struct RaisedWatermark {
  uint32_t ordinal = 0;
  PartitionIndex partition = 0;
  Offset offset = 0;
};

struct PendingGroup {
  std::vector<uint8_t> bytes;  // a segment header first if the group begins a segment, then group header and entries
  size_t header_at = 0;        // of the group header in `bytes`
  SegmentNumber segment = 0;
  uint64_t at = 0;      // of the group header in the segment
  uint64_t end_at = 0;  // of the group in the segment, once it is written
  Lsn first_lsn = 0;
  uint32_t entries = 0;
  uint64_t lsns = 0;  // that its entries take: one each, but for skipped ranges from a link
  uint32_t salt = 0;  // of its entries
  std::vector<RaisedWatermark> watermarks;
  LogPosition end;  // after its last entry

  uint64_t next_at() const { return at + bytes.size() - header_at; }
  Lsn last_lsn() const { return first_lsn + lsns - 1; }
};

class GroupWriter {
 public:
  // Called on the loop, in log order.
  struct Events {
    std::function<void(const PendingGroup&)> began;    // its place is known, it has no entries yet
    std::function<void(const PendingGroup&)> written;  // readable, not yet durable
    std::function<void(const PendingGroup&)> durable;
    std::function<void(SegmentNumber)> sealed;  // everything in it is durable
    std::function<void(const Error&)> failed;   // nothing more will be written
    std::function<void()> advanced;             // once after one or more of the above
  };
  struct Start {
    LogId log;
    StorageEpoch epoch = 0;
    LogPosition end;           // where the next group goes; segment 1 at 0 when the log is empty
    uint64_t segment_end = 0;  // 0: there is no segment yet
    WallMillis segment_created = 0;
  };
  GroupWriter(World& world, Log& log, TailCache& cache, Start start, StreamOptions options, Events events);
  ~GroupWriter();
  // Writes what has gathered, makes it durable, ends the loops.
  Task<Status> stop();
  void set_options(const StreamOptions& options) { options_ = options; }

  // The group that gathers, for the caller to append one entry to `bytes`; then `added`.
  PendingGroup& gather();
  void added(const LogPosition& end);
  // Somebody waits for all of it to be durable: an `async` log does not leave it to the background sync.
  void want_durable();
  // The next group begins a new segment; writes an empty group if there is nothing else to write.
  void roll();

  Lsn next_lsn() const { return next_lsn_; }
  Lsn written_lsn() const { return written_lsn_; }
  Lsn durable_lsn() const { return durable_lsn_; }
  const LogPosition& durable_end() const { return durable_end_; }
  // Where the group is that holds or will hold the next entry: reading goes on there.
  std::pair<SegmentNumber, uint64_t> next_place() const;
  size_t unwritten_bytes() const { return unwritten_bytes_; }
  SegmentNumber active_segment() const { return segment_; }
  WallMillis segment_created() const { return segment_created_; }
  uint64_t active_segment_bytes() const { return segment_end_; }

 private:
  Task<void> write_loop();
  Task<void> sync_loop();
  Task<Status> write_next();
  Task<Status> begin_segment(const PendingGroup& group);
  Task<Status> sync_once();
  Task<Status> wait_for_work();
  void begin_group();
  void close_group();
  Bytes finish(PendingGroup& group);
  void fail_with(const Error& error);
  bool must_roll() const;

  World& world_;
  Log& log_;
  TailCache& cache_;
  LogId id_;
  StorageEpoch epoch_;
  StreamOptions options_;
  Events events_;
  SegmentNumber segment_;  // in which the next group will be
  uint64_t segment_end_;   // as planned: all groups so far counted
  WallMillis segment_created_;
  bool roll_wanted_ = false;
  Lsn next_lsn_;
  Lsn written_lsn_;
  Lsn durable_lsn_;
  Lsn wanted_lsn_ = 0;  // somebody waits for everything up to here to be durable
  LogPosition written_end_;
  LogPosition durable_end_;
  std::deque<PendingGroup> groups_;  // closed ones and, if `open_`, at the back the one that gathers
  bool open_ = false;
  std::deque<PendingGroup> unsynced_;   // written, without their bytes
  std::vector<SegmentNumber> to_seal_;  // left by the writer, not yet reported
  size_t unwritten_bytes_ = 0;
  size_t gathered_from_ = 0;
  size_t last_group_bytes_ = 0;
  bool syncing_ = false;
  bool mark_wanted_ = false;  // an empty group is still to follow the last one
  std::optional<Error> failure_;
  Signal work_;
  Signal written_;
  Signal synced_;
  Signal flush_;
  TaskScope scope_;
};

}  // namespace distributary
