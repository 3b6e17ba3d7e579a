// Recovery: from what is on the device to the state of a stream (docs/formats/stream-log.md, "Recovery").
//
// Reads the newest checkpoint and the log after it; cuts a torn tail; names damage. Bounded by the checkpoint interval,
// not by the size of the log. Threads: one executor.
#pragma once

#include <vector>

#include "stream/baseline_store.h"
#include "stream/checkpoint.h"
#include "stream/damage.h"
#include "stream/group_writer.h"
#include "stream/segment_scanner.h"

namespace distributary {

struct RecoveredLog {
  StreamState state;
  SegmentTable segments;
  LogPosition end;           // where the next group goes
  uint64_t segment_end = 0;  // 0: the log has no segment yet
  WallMillis segment_created = 0;
  std::vector<Damage> damage;  // not empty: read-only
  bool clean = false;          // nothing was read but the checkpoint
  uint64_t replayed_bytes = 0;
};

class Recovery {
 public:
  Recovery(Log& log, LogId id, CheckpointStore& checkpoints, BaselineStore& baselines, LogIndex& index);
  // `unsupported` for a version or type that this build does not know.
  Task<Result<RecoveredLog>> run();

  // Reads one sealed segment and adds its batches to the index, for topics that `state` knows.
  static Task<Status> index_segment(Log& log, LogId id, SegmentNumber segment, const StreamState& state,
                                    LogIndex& index);

 private:
  struct Hole {
    SegmentNumber segment = 0;
    uint64_t at = 0;
    std::string why;
  };
  Task<Status> begin();
  Task<Status> begin_without_checkpoint(SegmentNumber first);
  Task<Status> replay();
  Task<Result<bool>> replay_segment(SegmentInfo segment, uint64_t from);  // false: stop here
  Task<Result<bool>> open_segment(SegmentInfo segment);
  Task<Status> note_rewrites();
  Status replay_group(const ScannedGroup& group);
  Status replay_entry(const EntryView& entry, const ScannedGroup& group, size_t offset);
  Task<Result<bool>> judge(Hole hole);  // torn: cuts and gives false; damage: records it and gives true
  Task<Status> look_behind(Hole hole, bool& later_segment);
  void damaged_group(const ScannedGroup& group, const Error& error);
  Task<Status> finish();
  Task<Status> index_missing();

  Log& log_;
  LogId id_;
  CheckpointStore& checkpoints_;
  BaselineStore& baselines_;
  LogIndex& index_;
  RecoveredLog out_;
  Lsn covered_ = 0;  // entries up to here are in the checkpoint
  Lsn next_ = 1;
  Lsn durable_ = 0;  // the largest durable LSN seen anywhere
  StorageEpoch epoch_ = 0;
  SegmentNumber segment_ = 1;
  uint64_t at_ = 0;
  bool first_group_ = true;
  bool cut_ = false;
  std::vector<SegmentNumber> missing_;
};

}  // namespace distributary
