// The frame that carries entries: built by the source from contents as stored, and taken apart by the gateway, without
// copying them. Pure: any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/link/frame.h"

namespace distributary {

// Bytes of a frame with `count` contents, header included, beside the contents.
size_t entries_frame_overhead(size_t count);
// Bytes of a frame with these contents, header included.
size_t entries_frame_bytes(const std::vector<Bytes>& contents);

// The frame in pieces: what comes before the contents, and the contents. CHECKs that there are 1 to kEntriesPerFrameMax
// contents.
std::vector<Bytes> encode_entries(uint64_t number, std::vector<Bytes> contents);

struct EntriesFrame {
  uint64_t number = 0;
  std::vector<ByteView> contents;  // borrowed from the body

  // Checks counts and lengths only; what is in a content is checked where it is applied. Errors: corrupt, too_large.
  static Result<EntriesFrame> decode(ByteView body);
};

}  // namespace distributary
