// One event loop: the thread on which a shard's tasks run. Real (io/real) and simulated (io/sim).
//
// Threads: every member but `post_from_any_thread` may be called only on the loop's own thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace distributary {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() = 0;       // monotonic
  virtual WallMillis wall_now() = 0;  // may jump
};

class Executor {
 public:
  using Callback = std::function<void()>;
  using TimerId = uint64_t;  // never 0

  virtual ~Executor() = default;
  virtual Clock& clock() = 0;
  // Runs `callback` later on this loop, in the order posted.
  virtual void post(Callback callback) = 0;
  virtual void post_from_any_thread(Callback callback) = 0;
  // Runs `callback` once at or after `when`. A cancelled timer never runs.
  virtual TimerId call_at(SteadyTime when, Callback callback) = 0;
  virtual void cancel_timer(TimerId timer) = 0;
};

// Work that blocks (fsync, SQLite, key generation) and must leave the loop. Real: a small thread pool that posts the
// end back. Simulation: runs at once on the loop. `work` may not touch anything that belongs to the loop.
class BlockingPool {
 public:
  virtual ~BlockingPool() = default;
  // Calls `work` elsewhere, then `done` on the loop of `executor`.
  virtual void run(Executor& executor, std::function<void()> work, Executor::Callback done) = 0;
};

}  // namespace distributary
