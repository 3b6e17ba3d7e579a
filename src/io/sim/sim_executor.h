// The event loop of a simulation: one thread, virtual time, the same order of events for the same seed. All nodes of a
// simulation share one.
//
// Ready callbacks run first, in the order posted; when none is left, time jumps to the next timer. Nothing takes time
// by itself.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base/check.h"
#include "io/executor.h"
#include "io/task_scope.h"

namespace distributary {

class SimExecutor final : public Executor, public Clock {
 public:
  // So many callbacks without time passing are a loop that never ends: CHECKs.
  static constexpr uint64_t kMaxStepsAtOneInstant = 20'000'000;
  static constexpr WallMillis kWallStart = 1'767'225'600'000;  // 2026-01-01 UTC

  Clock& clock() override { return *this; }
  SteadyTime now() override { return now_; }
  WallMillis wall_now() override;
  void post(Callback callback) override { ready_.push_back(std::move(callback)); }
  void post_from_any_thread(Callback callback) override { post(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override;
  void cancel_timer(TimerId timer) override;

  // Moves the wall clock, as an administrator or NTP does.
  void jump_wall_clock(WallMillis by) { wall_shift_ += by; }

  // Runs one callback, or lets time jump to the next timer and runs that. False: nothing is left to do.
  bool step();
  // Runs what is ready without letting time pass.
  void run_ready();
  // Runs until nothing is left to do; false when something still was after `limit` of virtual time (periodic timers).
  bool run_until_idle(Duration limit = std::chrono::hours(1));
  // Runs all up to and including `until`, and leaves the clock there.
  void run_until(SteadyTime until);
  void run_for(Duration span) { run_until(now_ + span); }
  // Runs until `condition` holds, checked after each callback; false when it did not within `limit` of virtual time.
  bool run_until_true(const std::function<bool()>& condition, Duration limit = std::chrono::hours(1));
  // Runs `task` to its end and gives its value; CHECKs that it ends within `limit` of virtual time.
  template <class T>
  T run(Task<T> task, Duration limit = std::chrono::hours(1));

 private:
  SteadyTime now_{std::chrono::hours(1)};
  WallMillis wall_shift_ = 0;
  std::deque<Callback> ready_;
  std::map<std::pair<SteadyTime, TimerId>, Callback> timers_;
  std::map<TimerId, SteadyTime> timer_times_;
  TimerId last_timer_ = 0;
  uint64_t steps_at_this_instant_ = 0;
};

// Does blocking work at once, on the loop; its end comes by post after a random delay of up to `longest`.
class SimBlockingPool final : public BlockingPool {
 public:
  explicit SimBlockingPool(class Random& random, Duration longest = {}) : random_(random), longest_(longest) {}
  void run(Executor& executor, std::function<void()> work, Executor::Callback done) override;

 private:
  class Random& random_;
  Duration longest_;
};

namespace sim_detail {
template <class T>
Task<void> keep_value(Task<T> task, std::optional<T>& into) {
  T value = co_await task;
  into.emplace(std::move(value));
}
}  // namespace sim_detail

template <class T>
T SimExecutor::run(Task<T> task, Duration limit) {
  TaskScope scope(*this);
  auto ended = [&scope] { return scope.size() == 0; };
  if constexpr (std::is_void_v<T>) {
    scope.spawn(std::move(task));
    CHECK(run_until_true(ended, limit) && "the task did not end in time");
  } else {
    std::optional<T> value;
    scope.spawn(sim_detail::keep_value<T>(std::move(task), value));
    CHECK(run_until_true(ended, limit) && "the task did not end in time");
    return std::move(*value);
  }
}

}  // namespace distributary
