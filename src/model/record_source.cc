#include "model/record_source.h"

namespace distributary {

int64_t RecordSource::varlong_at_end() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t next = byte();
    if (!ok_) return 0;
    value |= static_cast<uint64_t>(next & 0x7f) << shift;
    if (next < 0x80) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  ok_ = false;
  return 0;
}

bool RecordSource::refill() {
  if (from_ == nullptr || !ok_) return false;
  before_piece_ += piece_.size();
  piece_ = {};
  at_ = 0;
  Result<ByteView> next = from_->next();
  if (!next) {
    error_ = std::move(next).error();
    ok_ = false;
    return false;
  }
  piece_ = *next;
  if (piece_.empty()) from_ = nullptr;
  return !piece_.empty();
}

}  // namespace distributary
