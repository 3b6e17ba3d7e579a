// The frame around every message of the link protocol: header, checksum, lengths. Pure functions: any thread.
//
// Reading: take kFrameHeaderBytes, `parse_frame_header` (knows how much follows), take the body, `check_frame`.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/link/link_limits.h"

namespace distributary {

enum class FrameType : uint8_t {
  hello = 1,
  join = 2,
  welcome = 3,
  joined = 4,
  refused = 5,
  entries = 6,
  acknowledged = 7,
  heartbeat = 8,
  stopped = 9,
};
std::string_view to_string(FrameType type);
// Longest frame of a type, header included.
size_t frame_bytes_max(FrameType type);

struct FrameHeader {
  uint32_t checksum = 0;
  uint32_t length = 0;  // with the header
  FrameType type = FrameType::hello;
};

// `header` has kFrameHeaderBytes. Errors: corrupt (magic, length shorter than a header), unsupported (type, flags,
// version), too_large (longer than its type allows).
Result<FrameHeader> parse_frame_header(ByteView header);
// Whether `frame`, with its header, matches its checksum. Errors: corrupt.
Status check_frame(ByteView frame);

// Usage: auto out = begin_frame(type); ... append the body ...; finish_frame(out).
std::vector<uint8_t> begin_frame(FrameType type);
// Fills in length and checksum. CHECKs that the frame is not longer than its type allows.
void finish_frame(std::vector<uint8_t>& frame);
// The same for a frame whose body goes on in `rest`, which is not copied: `head` is what comes before it.
void finish_frame(std::vector<uint8_t>& head, const std::vector<Bytes>& rest);

}  // namespace distributary
