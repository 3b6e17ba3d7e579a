// BaselineStore: StreamState at the begin of the oldest segment kept (blob `baseline.<segment>`). Made when older
// segments are dropped, by applying them to the baseline before; so it is exact, and costs one read of what is dropped.
//
// Belongs to one Stream. Errors: not_found when nothing was ever dropped, corrupt.
#pragma once

#include "stream/stream_state.h"
#include "storage/log_store.h"

namespace distributary {

class BaselineStore {
 public:
  BaselineStore(Log& log, LogId id) : log_(log), id_(id) {}
  // The state at the begin of `segment`; the empty state for segment 1.
  Task<Result<StreamState>> load(SegmentNumber segment);
  // Drops the segments before the newest baseline, and the baselines before it: ends a drop, also one that a crash has
  // interrupted.
  Task<Status> finish_drop();
  // Before the segments before `first_kept` are dropped.
  Task<Status> advance(SegmentNumber first_kept);

 private:
  Log& log_;
  LogId id_;
};

}  // namespace distributary
