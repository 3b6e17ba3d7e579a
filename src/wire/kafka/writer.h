// Writes the primitive types of the Kafka protocol (big-endian) into a list of pieces for a scattered write: our own
// bytes, and borrowed ones between them that are never copied (records, larger byte fields).
//
// Null where the version forbids it is written as empty. A text that is too long makes `ok()` false; `status` says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/piece.h"
#include "base/error.h"
#include "base/uuid.h"
#include "wire/kafka/error_code.h"

namespace distributary::kafka {

class Writer {
 public:
  // Byte fields from this size on are borrowed instead of copied.
  static constexpr size_t kBorrowFrom = 1024;

  void set_flexible(bool flexible) { flexible_ = flexible; }
  bool flexible() const { return flexible_; }
  bool ok() const { return problem_ == nullptr; }
  Status status(std::string_view what) const;
  size_t size() const { return own_.size() + borrowed_bytes_; }

  void boolean(bool value) { i8(value ? 1 : 0); }
  void i8(int8_t value) { own_.push_back(static_cast<uint8_t>(value)); }
  void i16(int16_t value) { fixed(static_cast<uint16_t>(value)); }
  void i32(int32_t value) { fixed(static_cast<uint32_t>(value)); }
  void i64(int64_t value) { fixed(static_cast<uint64_t>(value)); }
  void u16(uint16_t value) { fixed(value); }
  void f64(double value);
  void uuid(const Uuid& value) { raw(value.view()); }
  void error_code(ErrorCode value) { i16(static_cast<int16_t>(value)); }
  void uvarint(uint32_t value);

  void text(std::string_view value);
  void view(std::string_view value) { text(value); }
  template <class Text>
  void optional_text(const std::optional<Text>& value, bool may_be_null = true) {
    if (value || !may_be_null) return text(value ? std::string_view(*value) : std::string_view());
    null_text();
  }
  template <class Text>
  void optional_view(const std::optional<Text>& value, bool may_be_null = true) {
    optional_text(value, may_be_null);
  }
  void bytes(const Bytes& value);
  void optional_bytes(const std::optional<Bytes>& value, bool may_be_null = true);
  // Of a request: borrowed, so the memory must live until the pieces are written.
  void records(ByteView value);
  void optional_records(const std::optional<ByteView>& value, bool may_be_null = true);
  // Of a response: the pieces are shared.
  void records(const std::vector<Piece>& pieces);
  void optional_records(const std::optional<std::vector<Piece>>& pieces, bool may_be_null = true);

  template <class T>
  void begin_list(const std::vector<T>& items) {
    length(items.size());
  }
  template <class T>
  void begin_list(const std::optional<std::vector<T>>& items, bool may_be_null = true) {
    if (items || !may_be_null) return length(items ? items->size() : 0);
    null_length();
  }
  // The marker before a struct that may be null.
  void present(bool is_present) { i8(is_present ? 1 : -1); }
  // The tag section of a struct without tags; nothing when not flexible.
  void no_tags() {
    if (flexible_) uvarint(0);
  }

  void raw(ByteView value) { own_.insert(own_.end(), value.begin(), value.end()); }
  // Adds a piece without copying it.
  void borrow(Piece piece);
  // Adds all that another writer has.
  void append(Writer&& other);
  // Overwrites 4 bytes written before any borrowed piece.
  void patch_i32(size_t at, int32_t value);
  // All pieces in order; the writer is empty afterwards.
  std::vector<Piece> take();

 private:
  template <class T>
  void fixed(T value) {
    size_t at = own_.size();
    own_.resize(at + sizeof value);
    for (size_t i = sizeof value; i > 0; --i, value = static_cast<T>(uint64_t{value} >> 8)) {
      own_[at + i - 1] = static_cast<uint8_t>(value);
    }
  }
  // Of bytes, records and lists.
  void length(size_t size);
  void null_length();
  void null_text();
  void fail(const char* problem) {
    if (!problem_) problem_ = problem;
  }

  struct Borrowed {
    size_t at;  // position in own_ before which it belongs
    Piece piece;
  };
  std::vector<uint8_t> own_;
  std::vector<Borrowed> borrowed_;
  size_t borrowed_bytes_ = 0;
  const char* problem_ = nullptr;
  bool flexible_ = false;
};

// The tag section of a struct: start() each field in ascending order and write its value, then finish().
class TagWriter {
 public:
  explicit TagWriter(Writer& out) : out_(out) { value_.set_flexible(out.flexible()); }
  Writer& start(uint32_t tag);
  void finish();

 private:
  void end_value();

  Writer& out_;
  Writer section_;
  Writer value_;
  uint32_t count_ = 0;
};

}  // namespace distributary::kafka
