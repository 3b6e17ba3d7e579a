#include "base/uuid.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace distributary {

Uuid Uuid::from_view(ByteView view) {
  CHECK(view.size() == 16);
  Uuid uuid;
  std::copy(view.begin(), view.end(), uuid.bytes.begin());
  return uuid;
}

Uuid Uuid::from_random(std::array<uint8_t, 16> random) {
  random[6] = static_cast<uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<uint8_t>((random[8] & 0x3f) | 0x80);
  return Uuid{random};
}

std::string to_string(const Uuid& uuid) {
  std::string out;
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", uuid.bytes[i]);
  }
  return out;
}

namespace {
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

Result<Uuid> parse_uuid(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  Uuid uuid;
  bool good = digits.size() == 32;
  for (size_t i = 0; good && i < 16; ++i) {
    int high = hex_digit(digits[2 * i]);
    int low = hex_digit(digits[2 * i + 1]);
    good = high >= 0 && low >= 0;
    uuid.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  if (!good) return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a UUID (32 hex digits)", text));
  return uuid;
}

}  // namespace distributary
