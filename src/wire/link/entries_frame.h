// The frame that carries entries: built by the source from contents as stored, taken apart by the gateway without
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
size_t entries_frame_bytes(const std::vector<ByteView>& contents);

// CHECKs that there are 1 to kEntriesPerFrameMax contents.
std::vector<uint8_t> encode_entries(uint64_t number, const std::vector<ByteView>& contents);

struct EntriesFrame {
  uint64_t number = 0;
  std::vector<ByteView> contents;  // borrowed from the body

  // Checks counts and lengths only; what is in a content is checked where it is applied. Errors: corrupt, too_large.
  static Result<EntriesFrame> decode(ByteView body);
};

}  // namespace distributary
