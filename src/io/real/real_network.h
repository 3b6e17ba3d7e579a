// TCP and TLS by the operating system, Asio and OpenSSL (io/network.h).
//
// `listen` takes an IP address, a name (resolved once, blocking), or an empty host for all IPv4 addresses. A plaintext
// connect to a TLS listener succeeds and is hung up on at the first bytes; a TLS client that the server refuses learns
// it at its first read. Threads: the executor's. Ownership: the executor outlives it; connections and listeners may
// outlive it.
#pragma once

#include <deque>

#include "io/network.h"
#include "io/real/real_executor.h"

namespace distributary {

class TlsContext;

class RealNetwork final : public Network {
 public:
  explicit RealNetwork(RealExecutor& executor);
  ~RealNetwork() override;
  Task<Result<std::unique_ptr<Connection>>> connect(Address to, const TlsIdentity* identity, SteadyTime deadline,
                                                    std::stop_token stop) override;
  Result<std::unique_ptr<Listener>> listen(Address at, const TlsIdentity* identity) override;

 private:
  // Contexts are costly to make and identities few: the last ones are kept.
  static constexpr size_t kContextsKept = 8;
  Result<std::shared_ptr<TlsContext>> context_for(const TlsIdentity* identity);  // null for plaintext

  struct Kept {
    std::string chain_pem;
    std::string key_pem;
    std::shared_ptr<TlsContext> context;
  };
  RealExecutor& executor_;
  std::deque<Kept> contexts_;
};

}  // namespace distributary
