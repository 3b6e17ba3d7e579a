// What a Kafka message from outside may ask of us. A count is believed only as far as the bytes that are there could
// hold it and as far as these limits allow. Depth needs no limit: no message nests by its content, only by its schema.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distributary::kafka {

struct Limits {
  size_t max_items;  // of all lists of one message together
};

inline constexpr Limits kRequestLimits{1'000'000};
inline constexpr Limits kResponseLimits{20'000'000};  // only our own clients decode responses
inline constexpr Limits kUnauthenticatedLimits{16};

inline constexpr size_t kMaxTextBytes = INT16_MAX;  // the protocol's own limit, in every version
inline constexpr size_t kMaxFrameBytes = size_t{100} << 20;
inline constexpr size_t kMaxUnauthenticatedFrameBytes = size_t{64} << 10;
inline constexpr size_t kMaxResponseFrameBytes = INT32_MAX;
// Room made for a list before its items are seen; it grows from there.
inline constexpr size_t kMaxReservedItems = 256;

}  // namespace distributary::kafka
