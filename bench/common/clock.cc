#include "common/clock.h"

#include <sys/prctl.h>

#include <ctime>

namespace distributary::bench {

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void sleep_until_ns(int64_t when) {
  timespec until{when / 1'000'000'000, when % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void sleep_precisely() { prctl(PR_SET_TIMERSLACK, 1); }

}  // namespace distributary::bench
