// Until when an answer waits for the disk. The time-out that a client sends is for copies on other nodes, of which
// there are none: to Kafka's one broker it does not matter, and clients do send 0. So the disk always gets some time.
//
// Pure function; any thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "broker/context.h"

namespace distributary {

inline constexpr std::chrono::milliseconds kDurableWaitMin{5'000};

inline SteadyTime durable_deadline(const BrokerContext& context, int32_t timeout_ms) {
  return context.world.clock().now() + std::max(std::chrono::milliseconds(timeout_ms), kDurableWaitMin);
}

}  // namespace distributary
