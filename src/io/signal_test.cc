#include "io/signal.h"

#include <gtest/gtest.h>

#include <deque>

#include "io/task_scope.h"

namespace distributary {
namespace {

// The smallest executor: a queue, and timers fired by hand.
class ManualExecutor final : public Executor, public Clock {
 public:
  Clock& clock() override { return *this; }
  SteadyTime now() override { return now_; }
  WallMillis wall_now() override { return 0; }
  void post(Callback callback) override { queue_.push_back(std::move(callback)); }
  void post_from_any_thread(Callback callback) override { post(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override {
    timers_.push_back({++last_, when, std::move(callback)});
    return last_;
  }
  void cancel_timer(TimerId timer) override {
    std::erase_if(timers_, [&](const Timer& t) { return t.id == timer; });
  }
  void run() {
    while (!queue_.empty()) {
      Callback callback = std::move(queue_.front());
      queue_.pop_front();
      callback();
    }
  }
  void advance(Duration by) {
    now_ += by;
    std::deque<Timer> due = std::exchange(timers_, {});
    for (Timer& timer : due) {
      if (timer.when <= now_) {
        post(std::move(timer.callback));
      } else {
        timers_.push_back(std::move(timer));
      }
    }
    run();
  }

 private:
  struct Timer {
    TimerId id;
    SteadyTime when;
    Callback callback;
  };
  std::deque<Callback> queue_;
  std::deque<Timer> timers_;
  SteadyTime now_{};
  TimerId last_ = 0;
};

Task<void> wait_once(Signal& signal, SteadyTime deadline, std::stop_token stop, std::vector<std::string>& log) {
  Status waited = co_await signal.wait(deadline, stop);
  log.push_back(waited ? "notified" : std::string(to_string(waited.error().code)));
}

TEST(Signal, WakesAllWaitersInOrderAndNotInsideNotify) {
  ManualExecutor executor;
  Signal signal(executor);
  TaskScope scope(executor);
  std::vector<std::string> log;
  scope.spawn(wait_once(signal, kNever, {}, log));
  scope.spawn(wait_once(signal, kNever, {}, log));
  signal.notify_all();
  EXPECT_TRUE(log.empty());
  executor.run();
  EXPECT_EQ(log, (std::vector<std::string>{"notified", "notified"}));
}

TEST(Signal, DeadlineAndStopEndAWait) {
  ManualExecutor executor;
  Signal signal(executor);
  TaskScope scope(executor);
  std::vector<std::string> log;
  scope.spawn(wait_once(signal, executor.now() + std::chrono::seconds(1), scope.stop_token(), log));
  executor.advance(std::chrono::seconds(1));
  scope.spawn(wait_once(signal, kNever, scope.stop_token(), log));
  scope.stop();
  executor.run();
  scope.spawn(wait_once(signal, kNever, scope.stop_token(), log));
  EXPECT_EQ(log, (std::vector<std::string>{"timed_out", "cancelled", "cancelled"}));
}

Task<int> one() { co_return 1; }
Task<void> add_many(int times, int& sum) {
  for (int i = 0; i < times; ++i) sum += co_await one();
}

TEST(Task, AMillionAwaitsThatCompleteAtOnceUseNoStack) {
  ManualExecutor executor;
  TaskScope scope(executor);
  int sum = 0;
  scope.spawn(add_many(1'000'000, sum));
  EXPECT_EQ(sum, 1'000'000);
}

Task<void> wait_in_child(Signal& signal, int& woken) {
  Status waited = co_await signal.wait();
  woken += waited.has_value();
}
Task<void> wait_in_parent(Signal& signal, int& woken) {
  co_await wait_in_child(signal, woken);
  co_await wait_in_child(signal, woken);
}
Task<void> join_scope(TaskScope& scope, bool& joined) {
  co_await scope.join();
  joined = true;
}

TEST(TaskScope, JoinsAfterNestedTasksEnd) {
  ManualExecutor executor;
  Signal signal(executor);
  TaskScope outer(executor);
  TaskScope scope(executor);
  int woken = 0;
  bool joined = false;
  scope.spawn(wait_in_parent(signal, woken));
  outer.spawn(join_scope(scope, joined));
  signal.notify_all();
  executor.run();
  EXPECT_FALSE(joined);
  signal.notify_all();
  executor.run();
  EXPECT_TRUE(joined);
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace distributary
