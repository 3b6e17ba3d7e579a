#include "io/sim/sim_executor.h"

#include "io/sim/sim_random.h"

namespace distributary {

WallMillis SimExecutor::wall_now() {
  return kWallStart + wall_shift_ +
         std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

Executor::TimerId SimExecutor::call_at(SteadyTime when, Callback callback) {
  TimerId id = ++last_timer_;
  timers_.emplace(std::pair(when, id), std::move(callback));
  timer_times_.emplace(id, when);
  return id;
}

void SimExecutor::cancel_timer(TimerId timer) {
  auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, timer});
  timer_times_.erase(found);
}

bool SimExecutor::step() {
  CHECK(++steps_at_this_instant_ < kMaxStepsAtOneInstant && "a loop in which no time passes");
  Callback callback;
  if (!ready_.empty()) {
    callback = std::move(ready_.front());
    ready_.pop_front();
  } else if (!timers_.empty()) {
    auto first = timers_.begin();
    auto [when, id] = first->first;
    if (when > now_) {
      now_ = when;
      steps_at_this_instant_ = 0;
    }
    callback = std::move(first->second);
    timers_.erase(first);
    timer_times_.erase(id);
  } else {
    return false;
  }
  callback();
  return true;
}

void SimExecutor::run_ready() {
  while (!ready_.empty()) step();
}

bool SimExecutor::run_until_idle(Duration limit) {
  SteadyTime end = now_ + limit;
  while (!ready_.empty() || (!timers_.empty() && timers_.begin()->first.first <= end)) step();
  return timers_.empty();
}

void SimExecutor::run_until(SteadyTime until) {
  while (!ready_.empty() || (!timers_.empty() && timers_.begin()->first.first <= until)) step();
  if (until > now_) {
    now_ = until;
    steps_at_this_instant_ = 0;
  }
}

bool SimExecutor::run_until_true(const std::function<bool()>& condition, Duration limit) {
  SteadyTime end = now_ + limit;
  while (!condition()) {
    if (ready_.empty() && (timers_.empty() || timers_.begin()->first.first > end)) return false;
    step();
  }
  return true;
}

void SimBlockingPool::run(Executor& executor, std::function<void()> work, Executor::Callback done) {
  work();
  Duration delay = random_between(random_, Duration{0}, longest_);
  if (delay.count() == 0) {
    executor.post(std::move(done));
  } else {
    executor.call_at(executor.clock().now() + delay, std::move(done));
  }
}

}  // namespace distributary
