// Little-endian encoding of our own formats (log, index, checkpoint, link). The Kafka protocol is big-endian and has
// its own codec in wire/kafka.
//
// Decoder never reads past its input: the first bad read makes `ok()` false, every later read gives zero, and the
// caller checks once at the end. Counts from outside must still be compared with a named limit before anything is
// reserved.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace distributary {

static_assert(std::endian::native == std::endian::little, "our formats are little-endian; add byte swaps to port");

template <class T>
T load_le(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void store_le(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

class Encoder {
 public:
  explicit Encoder(std::vector<uint8_t>& out) : out_(out) {}
  void u8(uint8_t v) { out_.push_back(v); }
  void u16(uint16_t v) { fixed(v); }
  void u32(uint32_t v) { fixed(v); }
  void u64(uint64_t v) { fixed(v); }
  void i64(int64_t v) { fixed(v); }
  void varint(uint64_t v) {
    while (v >= 0x80) {
      out_.push_back(static_cast<uint8_t>(v | 0x80));
      v >>= 7;
    }
    out_.push_back(static_cast<uint8_t>(v));
  }
  void zigzag(int64_t v) { varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void raw(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
  // Length (varint) and bytes.
  void bytes(ByteView v) {
    varint(v.size());
    raw(v);
  }
  void text(std::string_view v) { bytes(as_bytes(v)); }

 private:
  template <class T>
  void fixed(T v) {
    size_t at = out_.size();
    out_.resize(at + sizeof v);
    store_le(out_.data() + at, v);
  }
  std::vector<uint8_t>& out_;
};

class Decoder {
 public:
  explicit Decoder(ByteView in) : in_(in) {}
  bool ok() const { return ok_; }
  bool done() const { return ok_ && in_.empty(); }
  size_t remaining() const { return in_.size(); }
  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }
  int64_t i64() { return fixed<int64_t>(); }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte = u8();
      if (!ok_) return 0;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  int64_t zigzag() {
    uint64_t v = varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  ByteView raw(size_t n) {
    if (!ok_ || n > in_.size()) {
      ok_ = false;
      return {};
    }
    ByteView out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  ByteView bytes() { return raw(varint()); }
  std::string text() { return std::string(as_text(bytes())); }
  void fail() { ok_ = false; }

 private:
  template <class T>
  T fixed() {
    ByteView v = raw(sizeof(T));
    return v.size() == sizeof(T) ? load_le<T>(v.data()) : T{};
  }
  ByteView in_;
  bool ok_ = true;
};

}  // namespace distributary
