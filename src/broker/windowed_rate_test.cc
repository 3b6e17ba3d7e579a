#include "broker/windowed_rate.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WindowedRate, AStartCountsAsAfterAQuietWindow) {
  WindowedRate rate;
  const SteadyTime start{seconds(100)};
  rate.record(1000, start);
  EXPECT_DOUBLE_EQ(rate.per_second(start), 100);
  EXPECT_EQ(rate.excess(100, start), Duration(0));
  EXPECT_EQ(rate.excess(50, start), seconds(10));  // (100 - 50) / 50 of ten seconds
}

TEST(WindowedRate, WaitingAsLongAsItSaysBringsItToTheLimit) {
  WindowedRate rate;
  SteadyTime now{seconds(100)};
  for (int i = 0; i < 40; ++i, now += milliseconds(250)) rate.record(500, now);  // 2000 a second, for ten seconds
  EXPECT_NEAR(rate.per_second(now), 2000, 1);
  const Duration wait = rate.excess(1500, now);
  EXPECT_NEAR(static_cast<double>(wait.count()) / 1e9, 3.33, 0.01);
  // The samples of before have partly gone by then, so it is not above.
  EXPECT_LE(rate.per_second(now + wait), 1500);
}

TEST(WindowedRate, ForgetsWhatIsOlderThanTheWindow) {
  WindowedRate rate;
  const SteadyTime start{seconds(100)};
  rate.record(1e6, start);
  EXPECT_FALSE(rate.quiet(start + seconds(10)));
  EXPECT_GT(rate.per_second(start + seconds(10)), 0);
  EXPECT_DOUBLE_EQ(rate.per_second(start + seconds(11)), 0);
  EXPECT_TRUE(rate.quiet(start + seconds(12)));
}

TEST(WindowedRate, ASteadySenderThatWaitsAsToldSendsAtTheLimit) {
  WindowedRate rate;
  const SteadyTime start{seconds(100)};
  SteadyTime now = start;
  double sent = 0;
  while (now < start + seconds(120)) {
    rate.record(10'000, now);
    sent += 10'000;
    now += milliseconds(1) + rate.excess(100'000, now);
  }
  EXPECT_NEAR(sent / 120, 100'000, 12'000);
}

}  // namespace
}  // namespace distributary
