#include "broker/byte_budget.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "io/sim/sim_world.h"
#include "io/task_scope.h"

namespace distributary {
namespace {

struct Taker {
  std::optional<ByteBudget::Share> share;
  std::optional<ErrorCode> error;
};

Task<void> take(ByteBudget& budget, size_t bytes, SteadyTime deadline, std::stop_token stop, Taker& into,
                std::vector<size_t>& order) {
  Result<ByteBudget::Share> share = co_await budget.take(bytes, stop, deadline);
  if (!share) {
    into.error = share.error().code;
    co_return;
  }
  into.share = std::move(*share);
  order.push_back(bytes);
}

class ByteBudgetTest : public testing::Test {
 protected:
  ByteBudgetTest() : sim(1), budget(sim.executor(), 100), scope(sim.executor()) {}
  void start(Taker& taker, size_t bytes, SteadyTime deadline = kNever) {
    scope.spawn(take(budget, bytes, deadline, scope.stop_token(), taker, order));
    settle();
  }
  void settle() { sim.executor().run_for(std::chrono::milliseconds(1)); }

  SimWorld sim;
  ByteBudget budget;
  std::vector<size_t> order;
  TaskScope scope;
};

TEST_F(ByteBudgetTest, IsServedInTheOrderOfComing) {
  Taker first, large, small;
  start(first, 60);
  start(large, 70);
  start(small, 10);  // would fit, but the large one was here before it
  EXPECT_FALSE(small.share);
  EXPECT_EQ(budget.waiting(), 2u);
  first.share.reset();
  settle();
  EXPECT_EQ(order, (std::vector<size_t>{60, 70, 10}));
  EXPECT_EQ(budget.used(), 80u);
}

TEST_F(ByteBudgetTest, APieceLargerThanAllOfItGoesAlone) {
  Taker first, huge, after;
  start(first, 1);
  start(huge, 500);
  start(after, 1);
  EXPECT_FALSE(huge.share);
  first.share.reset();
  settle();
  EXPECT_TRUE(huge.share);
  EXPECT_FALSE(after.share);
  huge.share.reset();
  settle();
  EXPECT_TRUE(after.share);
}

TEST_F(ByteBudgetTest, WhoGivesUpHoldsUpNobody) {
  Taker first, large, small;
  start(first, 60);
  start(large, 70, sim.executor().now() + std::chrono::milliseconds(10));
  start(small, 10);
  EXPECT_FALSE(small.share);
  sim.executor().run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(large.error, ErrorCode::timed_out);
  EXPECT_TRUE(small.share);
  EXPECT_EQ(budget.used(), 70u);
}

TEST_F(ByteBudgetTest, SharesAreSplitAndSettled) {
  Taker taker;
  start(taker, 50);
  ByteBudget::Share part = taker.share->split(20);
  EXPECT_EQ(taker.share->bytes(), 30u);
  EXPECT_EQ(part.bytes(), 20u);
  part.release();
  EXPECT_EQ(budget.used(), 30u);
  EXPECT_TRUE(budget.try_grow(*taker.share, 70));
  EXPECT_FALSE(budget.try_grow(*taker.share, 1));
  taker.share->settle(150);  // what was read was larger than thought
  EXPECT_EQ(budget.used(), 150u);
  EXPECT_EQ(budget.free(), 0u);
  taker.share->settle(5);
  EXPECT_EQ(budget.used(), 5u);
  taker.share.reset();
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace distributary
