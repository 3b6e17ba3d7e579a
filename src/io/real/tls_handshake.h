// Inside of io/real: a TLS handshake under way, with a deadline. Lives by Asio's handlers until it has ended.
#pragma once

#include "io/real/real_socket.h"
#include "io/real/tls_context.h"

namespace distributary {

class TlsHandshake : public std::enable_shared_from_this<TlsHandshake> {
 public:
  using Done = std::function<void(Result<std::unique_ptr<TlsSession>>)>;

  TlsHandshake(std::shared_ptr<RealSocket> socket, std::shared_ptr<TlsContext> context, TlsSession::Role role);
  ~TlsHandshake();
  // Calls `done` once, by post, unless cancelled before.
  void start(SteadyTime deadline, Done done);
  void cancel();  // closes the socket; `done` is not called
  const std::shared_ptr<RealSocket>& socket() const { return socket_; }

 private:
  void step();
  void wait_for(boost::asio::socket_base::wait_type what);
  void finish(Status status);

  std::shared_ptr<RealSocket> socket_;
  std::unique_ptr<TlsSession> session_;
  Executor::TimerId timer_ = 0;
  Done done_;
};

}  // namespace distributary
