// Points and spans of time as values. Nothing here reads a clock: time comes from io/clock.h.
#pragma once

#include <chrono>
#include <cstdint>

namespace distributary {

using Duration = std::chrono::nanoseconds;
// Monotonic time of one process (real) or of the whole simulation. Not comparable between processes.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Milliseconds since 1970-01-01 UTC, as in Kafka.
using WallMillis = int64_t;

// "No deadline": far enough to never come, near enough not to overflow.
inline constexpr SteadyTime kNever = SteadyTime(std::chrono::hours(24 * 365 * 100));

}  // namespace distributary
