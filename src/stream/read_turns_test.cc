#include "stream/read_turns.h"

#include <gtest/gtest.h>

#include "io/sim/sim_world.h"
#include "io/task_scope.h"

namespace distributary {
namespace {

Task<void> hold(ReadTurns& turns, Signal& end, int number, std::vector<int>& order) {
  ReadTurns::Turn turn = co_await turns.take();
  order.push_back(number);
  Status ended = co_await end.wait();
  (void)ended;
}

TEST(ReadTurns, AreGivenInOrderAndNeverMoreThanThereAre) {
  SimWorld sim(1);
  ReadTurns turns(sim.executor(), 2);
  Signal end(sim.executor());
  TaskScope scope(sim.executor());
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) scope.spawn(hold(turns, end, i, order));
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
  EXPECT_EQ(turns.waiting(), 3u);
  for (size_t round = 0; scope.size() > 0 && round < 10; ++round) {
    end.notify_all();
    sim.executor().run_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(scope.size(), 0u);
}

TEST(ReadTurns, OneIsTakenAtOnceOnlyWhenItIsFree) {
  SimWorld sim(1);
  ReadTurns turns(sim.executor(), 1);
  std::optional<ReadTurns::Turn> first;
  std::optional<ReadTurns::Turn> second;
  EXPECT_TRUE(turns.try_take(first));
  EXPECT_FALSE(turns.try_take(second));
  EXPECT_FALSE(second.has_value());
  first.reset();
  EXPECT_TRUE(turns.try_take(second));
}

TEST(ReadTurns, WhoIsGoneBeforeItsTurnHoldsUpNobody) {
  SimWorld sim(1);
  ReadTurns turns(sim.executor(), 1);
  Signal end(sim.executor());
  TaskScope scope(sim.executor());
  std::vector<int> order;
  scope.spawn(hold(turns, end, 0, order));
  {
    Task<ReadTurns::Turn> gone = turns.take();
    Task<ReadTurns::Turn>::Awaiter awaiter = (std::move(gone)).operator co_await();
    awaiter.await_suspend(std::noop_coroutine());
    EXPECT_EQ(turns.waiting(), 1u);
  }
  EXPECT_EQ(turns.waiting(), 0u);
  scope.spawn(hold(turns, end, 1, order));
  for (size_t round = 0; scope.size() > 0 && round < 10; ++round) {
    end.notify_all();
    sim.executor().run_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
}

}  // namespace
}  // namespace distributary
