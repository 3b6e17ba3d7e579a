// Reads the primitive types of the Kafka protocol (big-endian) from one message.
//
// Never reads past its input: the first bad read makes `ok()` false with the reason in `problem()`, every later read
// gives zero or empty, and the caller checks once at the end (`status`). In a flexible version lengths are varints
// ("compact") and every struct ends with a section of tagged fields.
//
// view() and bytes_view() borrow from the input; all others copy, except record_pieces() of a shared buffer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/piece.h"
#include "base/error.h"
#include "base/uuid.h"
#include "wire/kafka/error_code.h"
#include "wire/kafka/limits.h"

namespace distributary::kafka {

class Reader {
 public:
  explicit Reader(ByteView in, const Limits& limits = kRequestLimits)
      : at_(in.data()), end_(in.data() + in.size()), items_left_(limits.max_items) {}
  // The records read will share the memory of `in`.
  Reader(const Bytes& in, const Limits& limits) : Reader(in.view(), limits) { shared_ = &in; }

  void set_flexible(bool flexible) { flexible_ = flexible; }
  bool flexible() const { return flexible_; }
  bool ok() const { return problem_ == nullptr; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  ByteView rest() const { return {at_, remaining()}; }
  // `corrupt` (or `too_large` for a limit) with the reason.
  Status status(std::string_view what) const;
  void fail(const char* problem);

  bool boolean() { return i8() != 0; }
  int8_t i8() { return fixed<int8_t>(); }
  int16_t i16() { return fixed<int16_t>(); }
  int32_t i32() { return fixed<int32_t>(); }
  int64_t i64() { return fixed<int64_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  double f64();
  Uuid uuid();
  ErrorCode error_code() { return ErrorCode{i16()}; }
  uint32_t uvarint();

  std::string text() { return std::string(view()); }
  std::string_view view();
  std::optional<std::string> optional_text(bool may_be_null = true);
  std::optional<std::string_view> optional_view(bool may_be_null = true);
  Bytes bytes() { return Bytes::copy(bytes_view()); }
  ByteView bytes_view();
  std::optional<Bytes> optional_bytes(bool may_be_null = true);
  std::optional<ByteView> optional_bytes_view(bool may_be_null = true);
  // Records of a response, as one piece.
  void record_pieces(std::vector<Piece>& out);
  void record_pieces(std::optional<std::vector<Piece>>& out, bool may_be_null = true);

  // Reads the count, empties `items` and makes some room. Null is 0 items of an absent optional.
  template <class T>
  size_t begin_list(std::vector<T>& items) {
    return make_room(items, item_count(false).value_or(0));
  }
  template <class T>
  size_t begin_list(std::optional<std::vector<T>>& items, bool may_be_null = true) {
    std::optional<size_t> count = item_count(may_be_null);
    if (!count) {
      items.reset();
      return 0;
    }
    return make_room(items.emplace(), *count);
  }
  // The marker before a struct that may be null.
  bool present() { return i8() >= 0 && ok(); }
  // The tag section of a struct without known tags; nothing when not flexible.
  void skip_tags();

 private:
  friend class TagReader;
  template <class T>
  T fixed() {
    ByteView from = raw(sizeof(T));
    uint64_t value = 0;
    for (uint8_t byte : from) value = value << 8 | byte;
    return static_cast<T>(value);
  }
  template <class T>
  static size_t make_room(std::vector<T>& items, size_t count) {
    items.clear();
    items.reserve(std::min(count, kMaxReservedItems));
    return count;
  }
  ByteView raw(size_t size) {
    if (size > remaining()) {
      truncated();
      return {};
    }
    ByteView out{at_, size};
    at_ += size;
    return out;
  }
  void truncated();
  // The length before text (16 bits when not flexible); nullopt is null.
  std::optional<size_t> text_length();
  std::optional<size_t> bytes_length();
  std::optional<size_t> item_count(bool may_be_null);

  const uint8_t* at_;
  const uint8_t* end_;
  const Bytes* shared_ = nullptr;
  const char* problem_ = nullptr;
  size_t items_left_;
  bool flexible_ = false;
  bool over_limit_ = false;
};

// Walks the tag section of a struct: `for (TagReader tags(in); tags.next();) if (tags.is(0)) x = in.i32();`. During a
// turn the reader sees the tagged value only. A value that is understood must be read to its end; others are skipped.
class TagReader {
 public:
  explicit TagReader(Reader& in) : in_(in), left_(in.flexible() ? in.uvarint() : 0) {}
  bool next();
  bool is(uint32_t tag) {
    if (tag != tag_) return false;
    return known_ = true;
  }

 private:
  void leave();

  Reader& in_;
  uint32_t left_;
  int64_t tag_ = -1;
  bool inside_ = false;
  bool known_ = false;
  const uint8_t* outer_end_ = nullptr;
};

}  // namespace distributary::kafka
