// Reads the record region of a batch as one run of bytes, whether it lies in memory or comes out of a Decompressor
// piece by piece. The first bad read makes `ok()` false and every later one gives zero; the caller checks once per
// record. Private to the record batch checks.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"
#include "model/compression.h"

namespace distributary {

class RecordSource {
 public:
  // All bytes are here.
  explicit RecordSource(ByteView all) : piece_(all) {}
  // They come from a started decompressor.
  explicit RecordSource(Decompressor& from) : from_(&from) {}

  bool ok() const { return ok_; }
  // Why a read failed, if decompression did; else the bytes ended too early.
  const std::optional<Error>& error() const { return error_; }
  uint64_t position() const { return before_piece_ + at_; }
  // True if no byte is left. May read ahead.
  bool at_end() { return ok_ && at_ == piece_.size() && !refill(); }

  uint8_t byte() {
    if (at_ < piece_.size() || refill()) return piece_[at_++];
    ok_ = false;
    return 0;
  }

  // Zigzag, up to 10 bytes.
  int64_t varlong() {
    if (piece_.size() - at_ < kVarlongBytesMax) return varlong_at_end();
    const uint8_t* next = piece_.data() + at_;  // as many bytes as it may take are here: no test for each
    uint64_t value = *next++;
    if (value >= 0x80) {
      value &= 0x7f;
      for (int shift = 7;; shift += 7) {
        const uint64_t more = *next++;
        value |= (more & 0x7f) << shift;
        if (more < 0x80) break;
        if (shift == 63) {
          ok_ = false;
          return 0;
        }
      }
    }
    at_ = static_cast<size_t>(next - piece_.data());
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }

  // Zigzag within 32 bits; anything beyond is an error.
  int32_t varint() {
    int64_t value = varlong();
    if (value < INT32_MIN || value > INT32_MAX) {
      ok_ = false;
      return 0;
    }
    return static_cast<int32_t>(value);
  }

  void skip(uint64_t bytes) {
    while (bytes > piece_.size() - at_) {
      bytes -= piece_.size() - at_;
      at_ = piece_.size();
      if (!refill()) {
        ok_ = false;
        return;
      }
    }
    at_ += bytes;
  }

 private:
  static constexpr size_t kVarlongBytesMax = 10;
  int64_t varlong_at_end();  // of a piece
  bool refill();

  ByteView piece_;
  size_t at_ = 0;
  uint64_t before_piece_ = 0;
  Decompressor* from_ = nullptr;
  bool ok_ = true;
  std::optional<Error> error_;
};

}  // namespace distributary
