#include "replication/frame_connection.h"

#include <algorithm>

namespace distributary {

namespace {
constexpr size_t kReadAheadBytes = 16u << 10;
constexpr size_t kGrowBytesMax = 1u << 20;  // taken for a frame before its bytes have arrived
constexpr size_t kWritePieceBytes = 64u << 10;
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

Task<Status> FrameConnection::read_rest(std::vector<uint8_t>& into, size_t length, FrameReadLimits limits,
                                        std::stop_token stop) {
  while (into.size() < length) {
    size_t had = into.size();
    into.resize(std::min(length, had + std::max(had, kGrowBytesMax)));
    while (had < into.size()) {
      MutableBytes room = MutableBytes(into).subspan(had);
      CO_TRY(size_t count, co_await read_some(room, limits, stop));
      had += count;
    }
  }
  co_return Status{};
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
  size_t here = std::min<size_t>(filled_ - used_, header.length);
  std::vector<uint8_t> bytes(ahead_.begin() + used_, ahead_.begin() + used_ + here);
  used_ += here;
  CO_TRY_STATUS(co_await read_rest(bytes, header.length, limits, stop));
  CO_TRY_STATUS(check_frame(bytes));
  Frame frame{header.type, Bytes(std::move(bytes))};
  co_return frame;
}

Task<Status> FrameConnection::write(Bytes frame, Duration silence, std::stop_token stop) {
  if (broken_) co_return fail(ErrorCode::closed, "the connection broke in an earlier write");
  for (size_t at = 0; at < frame.size(); at += kWritePieceBytes) {
    ByteView piece = frame.view().subspan(at, std::min(kWritePieceBytes, frame.size() - at));
    std::span<const ByteView> pieces(&piece, 1);
    SteadyTime deadline = clock_.now() + silence;
    Status written = co_await connection_->write(pieces, deadline, stop);
    if (written) continue;
    broken_ = true;
    co_return fail(written.error());
  }
  co_return Status{};
}

}  // namespace distributary
