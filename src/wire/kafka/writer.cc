#include "wire/kafka/writer.h"

#include <bit>
#include <memory>

#include "base/check.h"
#include "wire/kafka/limits.h"

namespace distributary::kafka {

Status Writer::status(std::string_view what) const {
  if (ok()) return {};
  return distributary::fail(distributary::ErrorCode::too_large, std::string(what) + " " + problem_);
}

void Writer::f64(double value) { i64(std::bit_cast<int64_t>(value)); }

void Writer::uvarint(uint32_t value) {
  while (value >= 0x80) {
    own_.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  own_.push_back(static_cast<uint8_t>(value));
}

void Writer::length(size_t size) {
  if (size > INT32_MAX) {
    fail("has a field of more than 2 GiB");
    size = 0;
  }
  if (flexible_) {
    uvarint(static_cast<uint32_t>(size) + 1);
  } else {
    i32(static_cast<int32_t>(size));
  }
}

void Writer::null_length() {
  if (flexible_) {
    uvarint(0);
  } else {
    i32(-1);
  }
}

void Writer::null_text() {
  if (flexible_) {
    uvarint(0);
  } else {
    i16(-1);
  }
}

void Writer::text(std::string_view value) {
  if (value.size() > kMaxTextBytes) {
    fail("has a text of more than 32767 bytes");
    value = {};
  }
  if (flexible_) {
    uvarint(static_cast<uint32_t>(value.size()) + 1);
  } else {
    i16(static_cast<int16_t>(value.size()));
  }
  raw(as_bytes(value));
}

void Writer::bytes(const Bytes& value) {
  length(value.size());
  if (value.size() < kBorrowFrom) {
    raw(value);
  } else {
    borrow(value);
  }
}

void Writer::optional_bytes(const std::optional<Bytes>& value, bool may_be_null) {
  if (value || !may_be_null) return bytes(value.value_or(Bytes()));
  null_length();
}

void Writer::records(ByteView value) {
  length(value.size());
  borrow(Bytes(nullptr, value));
}

void Writer::optional_records(const std::optional<ByteView>& value, bool may_be_null) {
  if (value || !may_be_null) return records(value.value_or(ByteView()));
  null_length();
}

void Writer::records(const std::vector<Piece>& pieces) {
  size_t total = 0;
  for (const Piece& piece : pieces) total += piece.size();
  length(total);
  for (const Piece& piece : pieces) borrow(piece);
}

void Writer::optional_records(const std::optional<std::vector<Piece>>& pieces, bool may_be_null) {
  if (pieces) return records(*pieces);
  if (!may_be_null) return length(0);
  null_length();
}

void Writer::borrow(Piece piece) {
  if (piece.empty()) return;
  borrowed_bytes_ += piece.size();
  borrowed_.push_back({own_.size(), std::move(piece)});
}

void Writer::append(Writer&& other) {
  if (other.problem_) fail(other.problem_);
  size_t base = own_.size();
  own_.insert(own_.end(), other.own_.begin(), other.own_.end());
  for (Borrowed& entry : other.borrowed_) borrowed_.push_back({base + entry.at, std::move(entry.piece)});
  borrowed_bytes_ += other.borrowed_bytes_;
  other.own_.clear();
  other.borrowed_.clear();
  other.borrowed_bytes_ = 0;
}

void Writer::patch_i32(size_t at, int32_t value) {
  CHECK(at + 4 <= own_.size() && (borrowed_.empty() || borrowed_.front().at >= at + 4));
  for (size_t i = 0; i < 4; ++i) own_[at + i] = static_cast<uint8_t>(static_cast<uint32_t>(value) >> (8 * (3 - i)));
}

std::vector<Piece> Writer::take() {
  Bytes own(std::move(own_));
  std::vector<Piece> pieces;
  size_t at = 0;
  for (Borrowed& entry : borrowed_) {
    if (entry.at > at) pieces.push_back(own.slice(at, entry.at - at));
    at = entry.at;
    pieces.push_back(std::move(entry.piece));
  }
  if (own.size() > at) pieces.push_back(own.slice(at, own.size() - at));
  own_.clear();
  borrowed_.clear();
  borrowed_bytes_ = 0;
  return pieces;
}

Writer& TagWriter::start(uint32_t tag) {
  end_value();
  ++count_;
  section_.uvarint(tag);
  return value_;
}

void TagWriter::end_value() {
  if (count_ == 0) return;
  section_.uvarint(static_cast<uint32_t>(value_.size()));
  section_.append(std::move(value_));
}

void TagWriter::finish() {
  if (!out_.flexible()) return;
  end_value();
  out_.uvarint(count_);
  out_.append(std::move(section_));
}

}  // namespace distributary::kafka
