// Inside of io/real: a listening socket. Connections are taken, and their handshakes run side by side, whether or not
// somebody is in `accept`, up to a bound; the rest wait in the kernel.
#pragma once

#include <deque>
#include <set>

#include "io/real/real_connection.h"
#include "io/real/tls_handshake.h"

namespace distributary {

class RealListener final : public Listener {
 public:
  static constexpr size_t kMostWaiting = 256;  // handshakes under way and connections that nobody has accepted yet
  static constexpr Duration kHandshakeLimit = std::chrono::seconds(10);

  // Plaintext without `context`.
  static Result<std::unique_ptr<RealListener>> open(RealExecutor& executor, const Address& at,
                                                    std::shared_ptr<TlsContext> context);
  ~RealListener() override;
  Task<Result<std::unique_ptr<Connection>>> accept(std::stop_token stop) override;
  uint16_t port() const override { return port_; }
  void close() override;

 private:
  struct Core;  // shared with Asio's handlers
  explicit RealListener(std::shared_ptr<Core> core, uint16_t port) : core_(std::move(core)), port_(port) {}
  std::shared_ptr<Core> core_;
  uint16_t port_;
};

}  // namespace distributary
