// Inside of io/real: one TCP socket and waiting until it can be read or written. Includes Asio.
//
// Operations are tried at once first; only what would block waits here. Shared by the connection and by Asio's
// handlers, which may come after the connection is gone. Threads: the executor's.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "io/network.h"
#include "io/real/real_executor.h"
#include "io/signal.h"

namespace distributary {

class RealSocket : public std::enable_shared_from_this<RealSocket> {
 public:
  using Tcp = boost::asio::ip::tcp;
  enum Direction { kReadable, kWritable };

  explicit RealSocket(RealExecutor& executor);
  RealSocket(RealExecutor& executor, Tcp::socket socket);

  Tcp::socket& asio() { return socket_; }
  int descriptor() { return socket_.native_handle(); }
  RealExecutor& executor() { return executor_; }
  // After it is connected: non-blocking, no delay of small packets, keep-alive.
  void prepare();
  // Until it is (probably) ready; `closed` when it was closed here meanwhile.
  Task<Status> wait(Direction direction, SteadyTime deadline, std::stop_token stop);
  void close();
  bool closed() const { return closed_; }
  const std::string& peer() const { return peer_; }

 private:
  void arm(Direction direction);

  RealExecutor& executor_;
  Tcp::socket socket_;
  bool closed_ = false;
  std::string peer_;
  Signal ready_[2];
  bool armed_[2] = {false, false};
};

// errno of a failed socket call as an Error; a broken connection is `closed`.
tl::unexpected<Error> socket_error(const RealSocket& socket, int error_number);

}  // namespace distributary
