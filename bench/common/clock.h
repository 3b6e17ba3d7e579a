// The steady clock in nanoseconds, the same in every process of this machine, and waiting for a moment of it.
#pragma once

#include <cstdint>

namespace distributary::bench {

int64_t now_ns();
void sleep_until_ns(int64_t when);
// So that sleeps of this thread end when they should, and not some 50 microseconds later.
void sleep_precisely();
inline double seconds_of(int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace distributary::bench
