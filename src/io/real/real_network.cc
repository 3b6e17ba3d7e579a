#include "io/real/real_network.h"

#include <boost/asio/ip/address.hpp>
#include <csignal>

#include "io/real/real_connection.h"
#include "io/real/real_listener.h"
#include "io/real/tls_handshake.h"

namespace distributary {

namespace {

using Tcp = boost::asio::ip::tcp;

// The answer of an operation of Asio or of a handshake, for a task that waits for it or has given up.
template <class T>
struct Answer {
  explicit Answer(Executor& executor) : signal(executor) {}
  void give(T given) {
    value.emplace(std::move(given));
    signal.notify_all();
  }
  Task<Status> wait(SteadyTime deadline, std::stop_token stop) {
    while (!value) {
      Status waited = co_await signal.wait(deadline, stop);
      CO_TRY_STATUS(waited);
    }
    co_return Status{};
  }
  std::optional<T> value;
  Signal signal;
};

using Endpoints = std::vector<Tcp::endpoint>;

Task<Result<Endpoints>> resolve(RealExecutor& executor, Address to, SteadyTime deadline, std::stop_token stop) {
  boost::system::error_code error;
  boost::asio::ip::address address = boost::asio::ip::make_address(to.host, error);
  if (!error) co_return Endpoints{Tcp::endpoint(address, to.port)};
  auto answer = std::make_shared<Answer<Result<Endpoints>>>(executor);
  Tcp::resolver resolver(executor.context());
  resolver.async_resolve(to.host, std::to_string(to.port),
                         [answer](const boost::system::error_code& failed, const Tcp::resolver::results_type& found) {
                           if (failed) return answer->give(fail(ErrorCode::unavailable, failed.message()));
                           Endpoints endpoints;
                           for (const auto& entry : found) endpoints.push_back(entry.endpoint());
                           answer->give(std::move(endpoints));
                         });
  Status waited = co_await answer->wait(deadline, stop);
  CO_TRY_STATUS(waited);
  co_return std::move(*answer->value);
}

Task<Result<std::shared_ptr<RealSocket>>> connect_one(RealExecutor& executor, Tcp::endpoint to, SteadyTime deadline,
                                                      std::stop_token stop) {
  auto socket = std::make_shared<RealSocket>(executor);
  auto answer = std::make_shared<Answer<boost::system::error_code>>(executor);
  socket->asio().async_connect(to, [socket, answer](const boost::system::error_code& error) { answer->give(error); });
  Status waited = co_await answer->wait(deadline, stop);
  if (waited && *answer->value) waited = fail(ErrorCode::unavailable, answer->value->message());
  if (!waited) {
    socket->close();
    co_return fail(waited.error());
  }
  socket->prepare();
  co_return socket;
}

// The first address that answers. Each has its share of the time that is left, so that a silent one does not use up
// all.
Task<Result<std::shared_ptr<RealSocket>>> connect_any(RealExecutor& executor, Endpoints endpoints, SteadyTime deadline,
                                                      std::stop_token stop) {
  Result<std::shared_ptr<RealSocket>> last = fail(ErrorCode::unavailable, "the name has no address");
  for (size_t i = 0; i < endpoints.size(); ++i) {
    SteadyTime now = executor.clock().now();
    SteadyTime until =
        deadline == kNever ? kNever : now + (deadline - now) / static_cast<int64_t>(endpoints.size() - i);
    last = co_await connect_one(executor, endpoints[i], until, stop);
    if (last || last.error().code == ErrorCode::cancelled) break;
  }
  co_return last;
}

Task<Result<std::unique_ptr<Connection>>> secure(std::shared_ptr<RealSocket> socket,
                                                 std::shared_ptr<TlsContext> context, SteadyTime deadline,
                                                 std::stop_token stop) {
  using Session = Result<std::unique_ptr<TlsSession>>;
  auto answer = std::make_shared<Answer<Session>>(socket->executor());
  auto handshake = std::make_shared<TlsHandshake>(socket, std::move(context), TlsSession::Role::connects);
  SteadyTime limit = std::min(deadline, socket->executor().clock().now() + RealListener::kHandshakeLimit);
  handshake->start(limit, [answer](Session session) { answer->give(std::move(session)); });
  Status waited = co_await answer->wait(kNever, stop);
  if (!waited) {
    handshake->cancel();
    co_return fail(waited.error());
  }
  CO_TRY(std::unique_ptr<TlsSession> session, std::move(*answer->value));
  CO_TRY(PeerIdentity peer, session->peer());
  co_return std::make_unique<TlsConnection>(std::move(socket), std::move(session), std::move(peer));
}

}  // namespace

RealNetwork::RealNetwork(RealExecutor& executor) : executor_(executor) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
}

RealNetwork::~RealNetwork() = default;

Result<std::shared_ptr<TlsContext>> RealNetwork::context_for(const TlsIdentity* identity) {
  if (identity == nullptr) return std::shared_ptr<TlsContext>();
  for (const Kept& kept : contexts_) {
    if (kept.chain_pem == identity->chain_pem && kept.key_pem == identity->key_pem) return kept.context;
  }
  TRY(std::shared_ptr<TlsContext> made, TlsContext::make(*identity));
  contexts_.push_front({identity->chain_pem, identity->key_pem, made});
  if (contexts_.size() > kContextsKept) contexts_.pop_back();
  return made;
}

Task<Result<std::unique_ptr<Connection>>> RealNetwork::connect(Address to, const TlsIdentity* identity,
                                                               SteadyTime deadline, std::stop_token stop) {
  CO_TRY(std::shared_ptr<TlsContext> context, context_for(identity));
  std::string what = (context ? "connect with TLS to " : "connect to ") + to_string(to);
  Result<Endpoints> endpoints = co_await resolve(executor_, to, deadline, stop);
  if (!endpoints) co_return fail(endpoints.error().context(what));
  Result<std::shared_ptr<RealSocket>> socket = co_await connect_any(executor_, *endpoints, deadline, stop);
  if (!socket) co_return fail(socket.error().context(what));
  if (!context) co_return std::make_unique<RealConnection>(std::move(*socket));
  Result<std::unique_ptr<Connection>> secured = co_await secure(*socket, context, deadline, stop);
  if (!secured) co_return fail(secured.error().context(what));
  co_return secured;
}

Result<std::unique_ptr<Listener>> RealNetwork::listen(Address at, const TlsIdentity* identity) {
  TRY(std::shared_ptr<TlsContext> context, context_for(identity));
  TRY(std::unique_ptr<RealListener> listener, RealListener::open(executor_, at, std::move(context)));
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace distributary
