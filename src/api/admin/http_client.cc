#include "api/admin/http_client.h"

#include <algorithm>

#include "wire/http/http_parser.h"

namespace distributary {
namespace {

constexpr size_t kAnswerReadBytes = 64u << 10;

Error at(const Address& server, const Error& error) {
  std::string address = to_string(server);
  if (error.message.find(address) != std::string::npos) return error;
  return error.context(address);
}

}  // namespace

HttpClient::HttpClient(World& world, Address server, const TlsIdentity* identity, std::string peer_root)
    : world_(world), server_(std::move(server)), identity_(identity), peer_root_(std::move(peer_root)) {}

Task<Status> HttpClient::connect(SteadyTime deadline, std::stop_token stop) {
  if (connection_) co_return Status{};
  Address to = server_;
  auto connection = co_await world_.network.connect(to, identity_, deadline, stop);
  if (!connection) co_return fail(at(server_, connection.error()));
  if (identity_) {
    const std::optional<PeerIdentity>& peer = (*connection)->peer_identity();
    if (!peer || peer->root_fingerprint != peer_root_) {
      co_return fail(ErrorCode::unauthenticated,
                     to_string(server_) + " has proved to be of the cluster with the root " +
                         (peer ? peer->root_fingerprint : std::string("(none)")) + ", and not " + peer_root_);
    }
  }
  connection_ = std::move(*connection);
  co_return Status{};
}

Task<Result<HttpResponse>> HttpClient::send(HttpRequest request, SteadyTime deadline, std::stop_token stop) {
  SteadyTime connect_deadline = std::min(deadline, world_.clock().now() + kHttpConnectLimit);
  CO_TRY_STATUS(co_await connect(connect_deadline, stop));
  auto response = co_await exchange(std::move(request), deadline, stop);
  if (!response || !response->keep_alive) connection_.reset();
  if (!response) co_return fail(at(server_, response.error()));
  co_return response;
}

Task<Result<HttpResponse>> HttpClient::exchange(HttpRequest request, SteadyTime deadline, std::stop_token stop) {
  std::string bytes = serialize(request, to_string(server_));
  ByteView piece = as_bytes(bytes);
  std::span<const ByteView> pieces(&piece, 1);
  CO_TRY_STATUS(co_await connection_->write(pieces, deadline, stop));
  HttpResponseParser parser;
  std::vector<uint8_t> buffer(kAnswerReadBytes);
  while (!parser.done()) {
    CO_TRY(size_t length, co_await connection_->read_some(buffer, deadline, stop));
    if (length == 0) {
      CO_TRY_STATUS(parser.finish());
      break;
    }
    CO_TRY(size_t used, parser.feed(ByteView(buffer).first(length)));
    if (used != length) co_return fail(ErrorCode::corrupt, "the server sent more than it was asked");
  }
  if (!parser.done()) co_return fail(ErrorCode::closed, "the server closed the connection in the middle of its answer");
  co_return parser.take();
}

}  // namespace distributary
