// FrameConnection: frames of the link protocol over a connection. Checks headers, checksums and limits; memory grows
// with the bytes that have arrived, not with the length that was claimed.
//
// One read and one write at a time. Threads: the executor's thread only. Ownership: must outlive its operations.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "io/executor.h"
#include "io/network.h"
#include "wire/link/frame.h"

namespace distributary {

struct Frame {
  FrameType type = FrameType::hello;
  Bytes bytes;  // with the header
  ByteView body() const { return bytes.view().subspan(kFrameHeaderBytes); }
};

struct FrameReadLimits {
  size_t bytes_max = kEntriesFrameBytesMax;     // beside the limit of the frame's type
  SteadyTime deadline = kNever;                 // for the whole frame
  Duration silence = std::chrono::seconds(15);  // so long without a byte is an error
};

class FrameConnection {
 public:
  FrameConnection(std::unique_ptr<Connection> connection, Clock& clock);

  // Errors: closed (the other side ended), timed_out, cancelled, corrupt, unsupported, too_large.
  Task<Result<Frame>> read(FrameReadLimits limits, std::stop_token stop);
  // A write that failed or was stopped half-way breaks the connection: later ones fail with `closed`. `silence`: so
  // long without progress is an error.
  Task<Status> write(Bytes frame, Duration silence, std::stop_token stop);
  Task<Status> write(const std::vector<Bytes>& pieces, Duration silence, std::stop_token stop);  // which outlive it
  void close() { connection_->close(); }
  std::string peer_address() const { return connection_->peer_address(); }
  const std::optional<PeerIdentity>& peer_identity() const { return connection_->peer_identity(); }
  Duration round_trip() const { return connection_->round_trip(); }
  void tune_for_distance() { connection_->tune_for_distance(); }

 private:
  Task<Status> fill(size_t bytes, FrameReadLimits limits, std::stop_token stop);
  Task<Result<Bytes>> read_frame(size_t length, FrameReadLimits limits, std::stop_token stop);
  Task<Status> write_part(const std::vector<ByteView>& part, Duration silence, std::stop_token stop);
  Task<Result<size_t>> read_some(MutableBytes into, FrameReadLimits limits, std::stop_token stop);

  std::unique_ptr<Connection> connection_;
  Clock& clock_;
  std::vector<uint8_t> ahead_;  // read but not used: ahead_[used_, filled_)
  size_t used_ = 0;
  size_t filled_ = 0;
  bool broken_ = false;
};

}  // namespace distributary
