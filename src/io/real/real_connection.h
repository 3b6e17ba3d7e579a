// Inside of io/real: a TCP connection, plain or with TLS.
#pragma once

#include "io/real/real_socket.h"
#include "io/real/tls_context.h"

namespace distributary {

class RealConnection : public Connection {
 public:
  explicit RealConnection(std::shared_ptr<RealSocket> socket) : socket_(std::move(socket)) {}
  ~RealConnection() override { socket_->close(); }
  Task<Result<size_t>> read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) override;
  Task<Status> write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) override;
  Task<Status> send_file(File& file, uint64_t at, size_t size, SteadyTime deadline, std::stop_token stop) override;
  bool sends_files() const override { return true; }
  void close() override { socket_->close(); }
  std::string peer_address() const override { return socket_->peer(); }
  const std::optional<PeerIdentity>& peer_identity() const override { return identity_; }
  Duration round_trip() const override;
  void tune_for_distance() override;

 protected:
  // So many operations in a row may end without waiting; then others get their turn.
  static constexpr int kInlineOperations = 64;
  Task<Status> take_turn(std::stop_token stop);
  Task<Status> wait(RealSocket::Direction direction, SteadyTime deadline, std::stop_token stop);

  std::shared_ptr<RealSocket> socket_;
  std::optional<PeerIdentity> identity_;
  int inline_operations_ = 0;
};

class TlsConnection final : public RealConnection {
 public:
  TlsConnection(std::shared_ptr<RealSocket> socket, std::unique_ptr<TlsSession> session, PeerIdentity identity);
  ~TlsConnection() override { close(); }
  Task<Result<size_t>> read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) override;
  Task<Status> write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) override;
  // Encrypted here, so read first.
  Task<Status> send_file(File& file, uint64_t at, size_t size, SteadyTime deadline, std::stop_token stop) override {
    return Connection::send_file(file, at, size, deadline, std::move(stop));
  }
  bool sends_files() const override { return false; }
  void close() override;

 private:
  Task<Status> write_record(ByteView bytes, SteadyTime deadline, std::stop_token stop);
  Task<Status> wait_for(TlsSession::Outcome outcome, SteadyTime deadline, std::stop_token stop);
  std::unique_ptr<TlsSession> session_;
  bool write_given_up_ = false;  // in the middle of a record: nothing can follow
};

}  // namespace distributary
