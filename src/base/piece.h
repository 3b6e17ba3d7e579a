// Piece: a run of bytes on its way to a connection, in memory or still in a file from which the connection sends it.
//
// Copying one is cheap. A piece of a file holds the file open; its bytes must not change as long as the piece exists.
#pragma once

#include "base/bytes.h"
#include "base/check.h"

namespace distributary {

class File;  // io/file_system.h

class Piece {
 public:
  Piece() = default;
  Piece(Bytes bytes) : bytes_(std::move(bytes)), size_(bytes_.size()) {}
  Piece(std::shared_ptr<File> file, uint64_t at, size_t size) : file_(std::move(file)), at_(at), size_(size) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool in_memory() const { return file_ == nullptr; }
  const Bytes& bytes() const {
    CHECK(in_memory());
    return bytes_;
  }
  operator ByteView() const { return bytes(); }
  const uint8_t* data() const { return bytes().data(); }

  // Of one that is in a file.
  File& file() const {
    CHECK(!in_memory());
    return *file_;
  }
  uint64_t at() const { return at_; }

 private:
  Bytes bytes_;
  std::shared_ptr<File> file_;
  uint64_t at_ = 0;
  size_t size_ = 0;
};

// A copy of all, one after the other; none is in a file.
inline std::vector<uint8_t> join_pieces(const std::vector<Piece>& pieces) {
  std::vector<uint8_t> whole;
  for (const Piece& piece : pieces) whole.insert(whole.end(), piece.bytes().view().begin(), piece.bytes().view().end());
  return whole;
}

}  // namespace distributary
