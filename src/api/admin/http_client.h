// HttpClient: one connection to a server, for several requests one after the other.
//
// Threads: the executor's thread only. One request at a time.
#pragma once

#include <memory>
#include <optional>

#include "io/world.h"
#include "wire/http/http_message.h"

namespace distributary {

inline constexpr Duration kHttpConnectLimit = std::chrono::seconds(5);
inline constexpr Duration kHttpAnswerLimit = std::chrono::seconds(30);  // no command works longer than this

class HttpClient {
 public:
  // `identity`: null for plaintext. `peer_root`: the root fingerprint that the other side must prove; ignored in
  // plaintext.
  HttpClient(World& world, Address server, const TlsIdentity* identity, std::string peer_root);

  // Errors: unavailable (not reached; the message names the address), unauthenticated (it is not who it should be),
  // timed_out, closed.
  Task<Status> connect(SteadyTime deadline, std::stop_token stop);
  // Connects first when there is no connection. Nothing is sent twice: an error leaves open whether the request was
  // carried out.
  Task<Result<HttpResponse>> send(HttpRequest request, SteadyTime deadline, std::stop_token stop);
  const Address& server() const { return server_; }

 private:
  Task<Result<HttpResponse>> exchange(HttpRequest request, SteadyTime deadline, std::stop_token stop);

  World& world_;
  Address server_;
  const TlsIdentity* identity_;
  std::string peer_root_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace distributary
