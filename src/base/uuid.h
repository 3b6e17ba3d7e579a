// 128-bit identifiers. Randomness comes from io/random.h; this is only the value.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace distributary {

struct Uuid {
  std::array<uint8_t, 16> bytes{};

  bool is_nil() const { return *this == Uuid{}; }
  auto operator<=>(const Uuid&) const = default;
  ByteView view() const { return bytes; }

  static Uuid from_view(ByteView view);  // CHECKs that there are 16 bytes
  // From 16 random bytes, with the version (4) and variant bits set.
  static Uuid from_random(std::array<uint8_t, 16> random);
};

std::string to_string(const Uuid& uuid);  // 8-4-4-4-12 lower-case hex
Result<Uuid> parse_uuid(std::string_view text);

struct UuidHash {
  size_t operator()(const Uuid& uuid) const {
    size_t value;
    __builtin_memcpy(&value, uuid.bytes.data() + 8, sizeof value);
    return value;
  }
};

}  // namespace distributary
