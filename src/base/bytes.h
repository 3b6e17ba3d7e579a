// Byte views and shared immutable buffers.
//
// ByteView is a borrowed view. Bytes is an owned slice of a reference-counted buffer: copying or slicing it is cheap
// and copies no bytes, so tail cache, link frames and fetch responses can all hold the same memory. The count is atomic
// (a buffer may be released on an I/O thread); the bytes never change once a Bytes exists.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distributary {

using ByteView = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class Bytes {
 public:
  Bytes() = default;
  // Takes over a vector without copying.
  explicit Bytes(std::vector<uint8_t> owned)
      : owner_(std::make_shared<const std::vector<uint8_t>>(std::move(owned))),
        view_(*static_cast<const std::vector<uint8_t>*>(owner_.get())) {}
  // A slice of memory kept alive by `owner`.
  Bytes(std::shared_ptr<const void> owner, ByteView view) : owner_(std::move(owner)), view_(view) {}

  static Bytes copy(ByteView from) { return Bytes(std::vector<uint8_t>(from.begin(), from.end())); }

  ByteView view() const { return view_; }
  operator ByteView() const { return view_; }
  const uint8_t* data() const { return view_.data(); }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  Bytes slice(size_t at, size_t length) const { return Bytes(owner_, view_.subspan(at, length)); }

 private:
  std::shared_ptr<const void> owner_;
  ByteView view_;
};

// A copy of all, one after the other.
inline std::vector<uint8_t> join_pieces(const std::vector<Bytes>& pieces) {
  std::vector<uint8_t> whole;
  for (const Bytes& piece : pieces) whole.insert(whole.end(), piece.view().begin(), piece.view().end());
  return whole;
}

}  // namespace distributary
