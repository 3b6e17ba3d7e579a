// The contract of Executor, BlockingPool and Random, for both worlds.
#include <thread>

#include "io/contract/harness.h"

namespace distributary::contract {
namespace {

using std::chrono::milliseconds;

class ExecutorContract : public Contract {};
INSTANTIATE_TEST_SUITE_P(Worlds, ExecutorContract, kinds(), kind_name);

Task<void> timers_in_order(Executor& executor) {
  std::string order;
  SteadyTime start = executor.clock().now();
  Signal done(executor);
  executor.call_at(start + milliseconds(30), [&] { order += "c", done.notify_all(); });
  executor.call_at(start + milliseconds(10), [&] { order += "a"; });
  Executor::TimerId cancelled = executor.call_at(start + milliseconds(15), [&] { order += "x"; });
  executor.call_at(start + milliseconds(20), [&] { order += "b"; });
  executor.cancel_timer(cancelled);
  executor.cancel_timer(cancelled);  // of a timer that is gone: nothing
  EXPECT_NE(cancelled, 0u);
  Status waited = co_await done.wait();
  must(waited);
  EXPECT_EQ(order, "abc");
  EXPECT_GE(executor.clock().now(), start + milliseconds(30));
}
TEST_P(ExecutorContract, TimersFireInOrderAndNotWhenCancelled) { harness->run(timers_in_order(world.executor)); }

Task<void> cancel_from_timer(Executor& executor) {
  bool wrong = false;
  SteadyTime when = executor.clock().now() + milliseconds(5);
  Executor::TimerId second = 0;
  executor.call_at(when, [&] { executor.cancel_timer(second); });
  second = executor.call_at(when, [&] { wrong = true; });
  Status slept = co_await sleep_for(executor, milliseconds(20));
  must(slept);
  EXPECT_FALSE(wrong) << "a timer cancelled by one that fired at the same time still ran";
}
TEST_P(ExecutorContract, ATimerMayCancelAnotherThatIsDue) { harness->run(cancel_from_timer(world.executor)); }

Task<void> posts_in_order(Executor& executor) {
  std::string order;
  Signal done(executor);
  executor.post([&] {
    order += "1";
    executor.post([&] { order += "3", done.notify_all(); });
  });
  executor.post([&] { order += "2"; });
  EXPECT_EQ(order, "") << "post never runs inline";
  Status waited = co_await done.wait();
  must(waited);
  EXPECT_EQ(order, "123");
}
TEST_P(ExecutorContract, PostsRunInOrder) { harness->run(posts_in_order(world.executor)); }

Task<void> sleeps(Executor& executor) {
  SteadyTime start = executor.clock().now();
  Status slept = co_await sleep_for(executor, milliseconds(5));
  EXPECT_TRUE(slept.has_value());
  EXPECT_GE(executor.clock().now() - start, milliseconds(5));
  std::stop_source stop;
  executor.call_at(executor.clock().now() + milliseconds(1), [&] { stop.request_stop(); });
  std::stop_token token = stop.get_token();
  Status stopped = co_await sleep_for(executor, std::chrono::hours(1), token);
  expect_error(stopped, ErrorCode::cancelled);
}
TEST_P(ExecutorContract, SleepsEndByTimeOrStop) { harness->run(sleeps(world.executor)); }

Task<void> blocking(World& world) {
  auto work = [] { return std::make_unique<int>(42); };
  std::unique_ptr<int> value = co_await run_blocking(world.blocking, world.executor, work);
  EXPECT_EQ(*value, 42);
}
TEST_P(ExecutorContract, BlockingWorkGivesItsValueBack) { harness->run(blocking(world)); }

TEST_P(ExecutorContract, RandomBytesDiffer) {
  std::vector<uint8_t> one(1000), two(1000);
  world.random.fill(one);
  world.random.fill(two);
  EXPECT_NE(one, two);
  EXPECT_NE(world.random.uuid(), world.random.uuid());
  for (int i = 0; i < 100; ++i) EXPECT_LT(world.random.below(7), 7u);
}

TEST_P(ExecutorContract, WallClockIsPlausible) { EXPECT_GT(world.clock().wall_now(), 1'700'000'000'000); }

}  // namespace
}  // namespace distributary::contract
