// FrameReader: turns the bytes of a connection into request frames. Reads big, so that many small requests cost one
// call of the operating system; a frame that lies whole in the buffer is handed out as a slice of it, not copied.
//
// Until `trust` is called a frame may only be larger than `first_limit` if its header names an API and version that are
// served: a peer that does not speak the protocol cannot make us hold memory. Threads: the executor's. Ownership: the
// connection outlives it.
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "io/network.h"

namespace distributary {

class FrameReader {
 public:
  FrameReader(Connection& connection, size_t limit, size_t first_limit)
      : connection_(connection), limit_(limit), first_limit_(first_limit) {}

  // The next whole frame without its size; nullopt: more must be read first. Errors: too_large, corrupt: the connection
  // cannot go on.
  Result<std::optional<Bytes>> take();
  // Reads what is there. 0: the other side has ended. Errors of Connection::read_some.
  Task<Result<size_t>> fill(SteadyTime deadline, std::stop_token stop);
  void trust() { trusted_ = true; }
  size_t buffered() const { return end_ - begin_; }
  size_t capacity() const { return capacity_; }

 private:
  static constexpr size_t kSmallestBuffer = 16u << 10;
  static constexpr size_t kLargestBuffer = 256u << 10;  // but for frames that are larger
  static constexpr size_t kReadAtLeast = 4u << 10;
  void make_room();
  Result<bool> size_is_allowed(size_t size) const;

  Connection& connection_;
  size_t limit_;
  size_t first_limit_;
  bool trusted_ = false;
  std::shared_ptr<uint8_t[]> buffer_;  // shared with the frames given out
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t needed_ = 0;                // of the frame that is being read, its size included; 0: not known yet
  size_t wanted_ = kSmallestBuffer;  // size of the next buffer: grows while reads fill it
};

}  // namespace distributary
