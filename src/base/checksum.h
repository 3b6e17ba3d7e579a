// CRC-32C (Castagnoli), as Kafka's batches and our log use it, by ISA-L; and the 128-bit XXH3 hash of the history
// chain. Both are pure functions, callable from any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace distributary {

// The checksum of `data`, continuing from `seed` (the result over what came before; 0 to begin).
uint32_t crc32c(ByteView data, uint32_t seed = 0);

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

Hash128 hash128(ByteView data);
std::string to_hex(const Hash128& hash);  // 32 digits, high half first

}  // namespace distributary
