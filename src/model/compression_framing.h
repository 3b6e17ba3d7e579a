// What compressor and decompressor must agree about. Sources: the framing of snappy-java, which Kafka's clients use;
// zlib's manual, deflateInit2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace distributary {

// The framed snappy stream: magic, version, lowest compatible version, then blocks with their length before them.
constexpr std::array<uint8_t, 8> kSnappyMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr size_t kSnappyHeaderBytes = 16;
constexpr int kGzipWindowBits = 15 + 16;  // 16: gzip header and trailer

}  // namespace distributary
