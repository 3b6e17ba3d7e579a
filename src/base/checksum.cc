#include "base/checksum.h"

#include <isa-l/crc.h>
#define XXH_INLINE_ALL
#include <fmt/core.h>
#include <xxhash.h>

namespace distributary {

uint32_t crc32c(ByteView data, uint32_t seed) {
  // ISA-L takes and gives the raw register; the usual CRC-32C inverts before and after. Its pointer is not const.
  return ~crc32_iscsi(const_cast<unsigned char*>(data.data()), static_cast<int>(data.size()), ~seed);
}

Hash128 hash128(ByteView data) {
  XXH128_hash_t hash = XXH3_128bits(data.data(), data.size());
  return Hash128{hash.low64, hash.high64};
}

std::string to_hex(const Hash128& hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

}  // namespace distributary
