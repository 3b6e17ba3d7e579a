// HttpServer: answers HTTP/1.1 on one listener, several requests per connection, one at a time.
//
// Threads: the executor's thread only. Ownership: `stop` must be awaited before destruction; the handler outlives it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/task_scope.h"
#include "io/world.h"
#include "wire/http/http_message.h"

namespace distributary {

inline constexpr size_t kHttpConnectionsMax = 512;
inline constexpr Duration kHttpIdleLimit = std::chrono::seconds(60);     // between requests
inline constexpr Duration kHttpRequestLimit = std::chrono::seconds(30);  // from a request's first byte to its last
inline constexpr Duration kHttpWriteLimit = std::chrono::seconds(30);

struct HttpPeer {
  std::string address;
  bool secure = false;
  std::optional<PeerIdentity> identity;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual Task<HttpResponse> serve(HttpRequest request, HttpPeer peer) = 0;
};

class HttpServer {
 public:
  HttpServer(World& world, std::unique_ptr<Listener> listener, bool secure, HttpHandler& handler);
  void start();
  Task<void> stop();
  uint16_t port() const { return listener_->port(); }

 private:
  Task<void> accept_loop();
  Task<void> serve(std::unique_ptr<Connection> connection);
  Task<Result<HttpRequest>> read_request(Connection& connection, class HttpRequestParser& parser, std::string& rest);

  World& world_;
  std::unique_ptr<Listener> listener_;
  bool secure_;
  HttpHandler& handler_;
  size_t connections_ = 0;
  TaskScope scope_;
};

}  // namespace distributary
