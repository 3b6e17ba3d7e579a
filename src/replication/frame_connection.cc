#include "replication/frame_connection.h"

#include <algorithm>
#include <memory>

namespace distributary {

namespace {
constexpr size_t kReadAheadBytes = 16u << 10;
constexpr size_t kGrowBytesMax = 1u << 20;  // taken for a frame before its bytes have arrived
constexpr size_t kWritePartBytes = 64u << 10;
}  // namespace

FrameConnection::FrameConnection(std::unique_ptr<Connection> connection, Clock& clock)
    : connection_(std::move(connection)), clock_(clock), ahead_(kReadAheadBytes) {}

Task<Result<size_t>> FrameConnection::read_some(MutableBytes into, FrameReadLimits limits, std::stop_token stop) {
  SteadyTime deadline = std::min(limits.deadline, clock_.now() + limits.silence);
  CO_TRY(size_t count, co_await connection_->read_some(into, deadline, stop));
  if (count == 0) co_return fail(ErrorCode::closed, "the other side closed the connection");
  co_return count;
}

// Makes at least `bytes` available in ahead_; they fit.
Task<Status> FrameConnection::fill(size_t bytes, FrameReadLimits limits, std::stop_token stop) {
  if (used_ > 0) {
    std::copy(ahead_.begin() + used_, ahead_.begin() + filled_, ahead_.begin());
    filled_ -= used_;
    used_ = 0;
  }
  while (filled_ < bytes) {
    MutableBytes room = MutableBytes(ahead_).subspan(filled_);
    CO_TRY(size_t count, co_await read_some(room, limits, stop));
    filled_ += count;
  }
  co_return Status{};
}

// The whole frame, whose header is in ahead_. The buffer is not zeroed: it is filled by what arrives.
Task<Result<Bytes>> FrameConnection::read_frame(size_t length, FrameReadLimits limits, std::stop_token stop) {
  size_t capacity = std::min(length, kGrowBytesMax);
  auto buffer = std::make_shared_for_overwrite<uint8_t[]>(capacity);
  size_t have = std::min(filled_ - used_, capacity);
  std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(used_), have, buffer.get());
  used_ += have;
  while (have < length) {
    if (have == capacity) {
      capacity = std::min(length, 2 * capacity);
      auto larger = std::make_shared_for_overwrite<uint8_t[]>(capacity);
      std::copy_n(buffer.get(), have, larger.get());
      buffer = std::move(larger);
    }
    CO_TRY(size_t count, co_await read_some(MutableBytes(buffer.get() + have, capacity - have), limits, stop));
    have += count;
  }
  MutableBytes whole(buffer.get(), length);
  co_return Bytes(std::move(buffer), whole);
}

Task<Result<Frame>> FrameConnection::read(FrameReadLimits limits, std::stop_token stop) {
  if (filled_ - used_ < kFrameHeaderBytes) {
    CO_TRY_STATUS(co_await fill(kFrameHeaderBytes, limits, stop));
  }
  CO_TRY(FrameHeader header, parse_frame_header(ByteView(ahead_).subspan(used_, kFrameHeaderBytes)));
  if (header.length > limits.bytes_max) {
    co_return fail(ErrorCode::too_large, "a frame of " + std::to_string(header.length) + " bytes; at most " +
                                             std::to_string(limits.bytes_max) + " are allowed here");
  }
  CO_TRY(Bytes bytes, co_await read_frame(header.length, limits, stop));
  CO_TRY_STATUS(check_frame(bytes));
  Frame frame{header.type, std::move(bytes)};
  co_return frame;
}

Task<Status> FrameConnection::write(Bytes frame, Duration silence, std::stop_token stop) {
  std::vector<Bytes> pieces{std::move(frame)};
  co_return co_await write(pieces, silence, std::move(stop));
}

Task<Status> FrameConnection::write(const std::vector<Bytes>& pieces, Duration silence, std::stop_token stop) {
  std::vector<ByteView> part;
  size_t bytes = 0;
  for (const Bytes& piece : pieces) {
    for (size_t at = 0; at < piece.size();) {
      size_t count = std::min(piece.size() - at, kWritePartBytes - bytes);
      part.push_back(piece.view().subspan(at, count));
      at += count;
      bytes += count;
      bool last = &piece == &pieces.back() && at == piece.size();
      if (bytes < kWritePartBytes && !last) continue;
      CO_TRY_STATUS(co_await write_part(part, silence, stop));
      part.clear();
      bytes = 0;
    }
  }
  co_return Status{};
}

Task<Status> FrameConnection::write_part(const std::vector<ByteView>& part, Duration silence, std::stop_token stop) {
  if (broken_) co_return fail(ErrorCode::closed, "the connection broke in an earlier write");
  SteadyTime deadline = clock_.now() + silence;
  Status written = co_await connection_->write(part, deadline, stop);
  if (!written) broken_ = true;
  co_return written;
}

}  // namespace distributary
