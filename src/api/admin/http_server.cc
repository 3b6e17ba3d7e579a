#include "api/admin/http_server.h"

#include "base/log.h"
#include "wire/http/http_parser.h"

namespace distributary {
namespace {

const Logger kLog("http");
constexpr size_t kRequestReadBytes = 16u << 10;
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

HttpResponse refusal(const Error& error) {
  HttpResponse response;
  response.status = error.code == ErrorCode::too_large ? 413 : error.code == ErrorCode::timed_out ? 408 : 400;
  response.fields = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = error.message + "\n";
  response.keep_alive = false;
  return response;
}

// Whether the client is there to hear what was wrong.
bool worth_telling(const Error& error) {
  return error.code == ErrorCode::invalid_argument || error.code == ErrorCode::too_large;
}

Task<Status> write_response(World& world, Connection& connection, HttpResponse response, std::stop_token stop) {
  std::string bytes = serialize(response);
  ByteView piece = as_bytes(bytes);
  std::span<const ByteView> pieces(&piece, 1);
  SteadyTime deadline = world.clock().now() + kHttpWriteLimit;
  co_return co_await connection.write(pieces, deadline, stop);
}

}  // namespace

HttpServer::HttpServer(World& world, std::unique_ptr<Listener> listener, bool secure, HttpHandler& handler)
    : world_(world), listener_(std::move(listener)), secure_(secure), handler_(handler), scope_(world.executor) {}

void HttpServer::start() { scope_.spawn(accept_loop()); }

Task<void> HttpServer::stop() {
  scope_.stop();
  listener_->close();
  co_await scope_.join();
}

Task<void> HttpServer::accept_loop() {
  while (!scope_.stopping()) {
    auto connection = co_await listener_->accept(scope_.stop_token());
    if (connection) {
      if (connections_ >= kHttpConnectionsMax) continue;  // its destructor closes it
      scope_.spawn(serve(std::move(*connection)));
      continue;
    }
    if (scope_.stopping() || connection.error().code == ErrorCode::closed ||
        connection.error().code == ErrorCode::cancelled)
      co_return;
    kLog.warn("cannot accept a connection", {{"error", connection.error().message}});
    Status slept = co_await sleep_for(world_.executor, kAcceptPause, scope_.stop_token());
    if (!slept) co_return;
  }
}

Task<Result<HttpRequest>> HttpServer::read_request(Connection& connection, HttpRequestParser& parser,
                                                   std::string& rest) {
  SteadyTime deadline = world_.clock().now() + kHttpIdleLimit;
  bool started = false;
  std::vector<uint8_t> buffer(kRequestReadBytes);
  for (;;) {
    if (!rest.empty()) {
      CO_TRY(size_t used, parser.feed(as_bytes(rest)));
      rest.erase(0, used);
    }
    if (parser.done()) co_return parser.take();
    if (!started && parser.started()) {
      started = true;
      deadline = world_.clock().now() + kHttpRequestLimit;
    }
    CO_TRY(size_t length, co_await connection.read_some(buffer, deadline, scope_.stop_token()));
    if (length == 0) co_return fail(ErrorCode::closed, "the client has gone");
    rest.append(as_text(ByteView(buffer).first(length)));
  }
}

Task<void> HttpServer::serve(std::unique_ptr<Connection> connection) {
  ++connections_;
  HttpRequestParser parser;
  std::string rest;
  for (bool keep_alive = true; keep_alive;) {
    auto request = co_await read_request(*connection, parser, rest);
    HttpResponse response;
    if (request) {
      keep_alive = request->keep_alive;
      HttpRequest whole = std::move(*request);
      HttpPeer peer{connection->peer_address(), secure_, connection->peer_identity()};
      response = co_await handler_.serve(std::move(whole), std::move(peer));
      response.keep_alive = keep_alive;
    } else {
      keep_alive = false;
      if (!worth_telling(request.error())) break;
      response = refusal(request.error());
    }
    Status written = co_await write_response(world_, *connection, std::move(response), scope_.stop_token());
    if (!written) break;
  }
  connection->close();
  --connections_;
}

}  // namespace distributary
