#include "wire/kafka/reader.h"

#include <bit>

namespace distributary::kafka {

namespace {
constexpr const char* kTruncated = "ends in the middle of a field";
constexpr const char* kNull = "has null where the version forbids it";
constexpr const char* kTooManyItems = "has more list items than allowed";
}  // namespace

void Reader::fail(const char* problem) {
  if (!problem_) problem_ = problem;
  at_ = end_;
}

Status Reader::status(std::string_view what) const {
  if (ok()) return {};
  auto code = over_limit_ ? distributary::ErrorCode::too_large : distributary::ErrorCode::corrupt;
  return distributary::fail(code, std::string(what) + " " + problem_);
}

void Reader::truncated() { fail(kTruncated); }

double Reader::f64() { return std::bit_cast<double>(i64()); }

Uuid Reader::uuid() {
  ByteView from = raw(16);
  return ok() ? Uuid::from_view(from) : Uuid{};
}

uint32_t Reader::uvarint() {
  uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    auto byte = static_cast<uint8_t>(i8());
    if (!ok()) return 0;
    if (shift == 28 && byte > 0x0f) break;
    value |= static_cast<uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("has a varint of more than 32 bits");
  return 0;
}

std::optional<size_t> Reader::text_length() {
  int64_t length = flexible_ ? int64_t{uvarint()} - 1 : i16();
  if (!ok()) return 0;
  if (length < 0) return std::nullopt;
  if (static_cast<size_t>(length) > kMaxTextBytes) {
    fail("has a text of more than 32767 bytes");
    return 0;
  }
  return static_cast<size_t>(length);
}

std::optional<size_t> Reader::bytes_length() {
  int64_t length = flexible_ ? int64_t{uvarint()} - 1 : i32();
  if (!ok()) return 0;
  if (length < 0) return std::nullopt;
  return static_cast<size_t>(length);
}

std::optional<size_t> Reader::item_count(bool may_be_null) {
  int64_t count = flexible_ ? int64_t{uvarint()} - 1 : i32();
  if (!ok()) return 0;
  if (count < 0) {
    if (!may_be_null) fail(kNull);
    return std::nullopt;
  }
  auto items = static_cast<size_t>(count);
  if (items > remaining()) {
    fail(kTruncated);  // every item takes at least one byte
    return 0;
  }
  if (items > items_left_) {
    over_limit_ = true;
    fail(kTooManyItems);
    return 0;
  }
  items_left_ -= items;
  return items;
}

std::string_view Reader::view() { return optional_view(false).value_or(std::string_view()); }

std::optional<std::string_view> Reader::optional_view(bool may_be_null) {
  std::optional<size_t> length = text_length();
  if (length) return as_text(raw(*length));
  if (!may_be_null) fail(kNull);
  return std::nullopt;
}

std::optional<std::string> Reader::optional_text(bool may_be_null) {
  std::optional<std::string_view> text = optional_view(may_be_null);
  if (!text) return std::nullopt;
  return std::string(*text);
}

ByteView Reader::bytes_view() { return optional_bytes_view(false).value_or(ByteView()); }

std::optional<ByteView> Reader::optional_bytes_view(bool may_be_null) {
  std::optional<size_t> length = bytes_length();
  if (length) return raw(*length);
  if (!may_be_null) fail(kNull);
  return std::nullopt;
}

std::optional<Bytes> Reader::optional_bytes(bool may_be_null) {
  std::optional<ByteView> bytes = optional_bytes_view(may_be_null);
  if (!bytes) return std::nullopt;
  return Bytes::copy(*bytes);
}

void Reader::record_pieces(std::vector<Piece>& out) {
  out.clear();
  ByteView records = bytes_view();
  if (records.empty()) return;
  if (shared_) {
    out.push_back(shared_->slice(static_cast<size_t>(records.data() - shared_->data()), records.size()));
  } else {
    out.push_back(Bytes::copy(records));
  }
}

void Reader::record_pieces(std::optional<std::vector<Piece>>& out, bool may_be_null) {
  const uint8_t* start = at_;
  if (bytes_length()) {
    at_ = ok() ? start : end_;
    record_pieces(out.emplace());
    return;
  }
  out.reset();
  if (!may_be_null) fail(kNull);
}

void Reader::skip_tags() {
  for (TagReader tags(*this); tags.next();) {
  }
}

void TagReader::leave() {
  if (!inside_) return;
  inside_ = false;
  if (in_.ok() && known_ && in_.at_ != in_.end_) in_.fail("has a tagged field longer than its value");
  if (in_.ok()) in_.at_ = in_.end_;
  in_.end_ = outer_end_;
  if (!in_.ok()) in_.at_ = in_.end_;
}

bool TagReader::next() {
  leave();
  if (left_ == 0 || !in_.ok()) return false;
  --left_;
  uint32_t tag = in_.uvarint();
  uint32_t size = in_.uvarint();
  if (!in_.ok()) return false;
  if (tag <= tag_) {
    in_.fail("has tagged fields out of order");
    return false;
  }
  if (size > in_.remaining()) {
    in_.fail(kTruncated);
    return false;
  }
  tag_ = tag;
  known_ = false;
  inside_ = true;
  outer_end_ = in_.end_;
  in_.end_ = in_.at_ + size;
  return true;
}

}  // namespace distributary::kafka
