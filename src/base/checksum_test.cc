#include "base/checksum.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

TEST(Crc32c, MatchesThePublishedCheckValue) { EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u); }

TEST(Crc32c, ContinuesFromASeed) {
  uint32_t first = crc32c(as_bytes("1234"));
  EXPECT_EQ(crc32c(as_bytes("56789"), first), crc32c(as_bytes("123456789")));
}

TEST(Hash128, DependsOnEveryByte) {
  EXPECT_NE(hash128(as_bytes("a")), hash128(as_bytes("b")));
  EXPECT_EQ(to_hex(hash128(as_bytes("a"))).size(), 32u);
}

}  // namespace
}  // namespace distributary
