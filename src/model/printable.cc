#include "model/printable.h"

#include <fmt/core.h>

#include <cstdint>

namespace distributary {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;  // 0: not well-formed
};

CodePoint first_code_point(std::string_view text) {
  auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  uint32_t value = lead & (0xff >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (at(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[bytes] || value > 0x10ffff || surrogate) return {};
  return {value, bytes};
}

bool is_printable(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  if (code == 0x2028 || code == 0x2029 || code == 0xfeff) return false;
  return !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

}  // namespace

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    CodePoint code = first_code_point(text);
    if (code.bytes == 0 || !is_printable(code.value)) return false;
    text.remove_prefix(code.bytes);
  }
  return true;
}

std::string quoted(std::string_view text, size_t bytes_max) {
  std::string out = "'";
  while (!text.empty()) {
    if (out.size() > bytes_max) {
      out += "...";
      break;
    }
    CodePoint code = first_code_point(text);
    size_t bytes = code.bytes == 0 ? 1 : code.bytes;
    if (code.bytes != 0 && is_printable(code.value)) {
      out += text.substr(0, bytes);
    } else {
      for (size_t i = 0; i < bytes; ++i) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[i]));
    }
    text.remove_prefix(bytes);
  }
  return out + "'";
}

}  // namespace distributary
