// Named limits of the link protocol (docs/formats/link-protocol.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/entry.h"

namespace distributary {

inline constexpr uint16_t kLinkVersion = 1;
inline constexpr uint16_t kLinkVersionOldest = 1;

inline constexpr size_t kFrameHeaderBytes = 16;
inline constexpr size_t kHelloFrameBytesMax = 12u << 10;     // also the longest that is read before acceptance
inline constexpr size_t kSmallFrameBytesMax = 4u << 10;      // joined, refused, heartbeat, stopped
inline constexpr size_t kPositionsFrameBytesMax = 1u << 20;  // welcome, acknowledged
inline constexpr size_t kEntriesFrameBytesMax = kEntryPayloadBytesMax + (1u << 20);

inline constexpr size_t kEntriesPerFrameMax = 65'536;
inline constexpr size_t kOriginsMax = 16'384;
inline constexpr uint16_t kLinkConnectionsMax = 16;
inline constexpr size_t kGrantBytesMax = 128;
inline constexpr size_t kLinkMessageBytesMax = 2048;

}  // namespace distributary
