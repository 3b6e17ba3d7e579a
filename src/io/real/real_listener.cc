#include "io/real/real_listener.h"

#include <boost/asio/ip/address.hpp>

#include "base/log.h"

namespace distributary {

namespace {

const Logger real_listener_logger("io.listener");
using Tcp = boost::asio::ip::tcp;
constexpr Duration kPauseAfterError = std::chrono::milliseconds(100);  // out of descriptors, for example

Result<Tcp::endpoint> endpoint_of(RealExecutor& executor, const Address& at) {
  boost::system::error_code error;
  if (at.host.empty() || at.host == "*") return Tcp::endpoint(Tcp::v4(), at.port);
  boost::asio::ip::address address = boost::asio::ip::make_address(at.host, error);
  if (!error) return Tcp::endpoint(address, at.port);
  Tcp::resolver resolver(executor.context());  // at start, so it may block
  auto found = resolver.resolve(at.host, std::to_string(at.port), error);
  if (error || found.empty()) {
    return fail(ErrorCode::unavailable, "listen on " + to_string(at) + ": " + error.message());
  }
  return found.begin()->endpoint();
}

}  // namespace

struct RealListener::Core : std::enable_shared_from_this<Core> {
  Core(RealExecutor& executor, std::shared_ptr<TlsContext> context)
      : executor(executor), context(std::move(context)), acceptor(executor.context()), arrived(executor) {}

  Status open(const Address& at);
  void pump();
  bool accept_one();
  void wait_for_more();
  void pause_after(const boost::system::error_code& error);
  void begin_handshake(std::shared_ptr<RealSocket> socket);
  void handshake_ended(const std::shared_ptr<RealSocket>& socket, Result<std::unique_ptr<TlsSession>> session);
  void close();

  RealExecutor& executor;
  std::shared_ptr<TlsContext> context;  // shared with the sessions
  Tcp::acceptor acceptor;
  Signal arrived;
  std::deque<std::unique_ptr<Connection>> ready;
  std::set<std::shared_ptr<TlsHandshake>> handshakes;
  bool waiting = false;
  bool closed = false;
};

Status RealListener::Core::open(const Address& at) {
  TRY(Tcp::endpoint endpoint, endpoint_of(executor, at));
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(Tcp::acceptor::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) return {};
  bool refused = error == boost::asio::error::access_denied;
  return fail(refused ? ErrorCode::permission_denied : ErrorCode::unavailable,
              "listen on " + to_string(at) + ": " + error.message());
}

void RealListener::Core::pump() {
  while (!closed && !waiting && ready.size() + handshakes.size() < kMostWaiting) {
    if (!accept_one()) return;
  }
}

// False: wait before the next one.
bool RealListener::Core::accept_one() {
  boost::system::error_code error;
  Tcp::socket accepted(executor.context());
  acceptor.accept(accepted, error);
  if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) {
    wait_for_more();
    return false;
  }
  if (error == boost::asio::error::connection_aborted || error == boost::asio::error::interrupted) return true;
  if (error) {
    pause_after(error);
    return false;
  }
  auto socket = std::make_shared<RealSocket>(executor, std::move(accepted));
  socket->prepare();
  if (context) {
    begin_handshake(std::move(socket));
  } else {
    ready.push_back(std::make_unique<RealConnection>(std::move(socket)));
    arrived.notify_all();
  }
  return true;
}

void RealListener::Core::wait_for_more() {
  waiting = true;
  acceptor.async_wait(Tcp::acceptor::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
    self->waiting = false;
    self->pump();
  });
}

void RealListener::Core::pause_after(const boost::system::error_code& error) {
  real_listener_logger.warn("cannot accept connections for now", {{"reason", error.message()}});
  waiting = true;
  executor.call_at(executor.clock().now() + kPauseAfterError, [weak = weak_from_this()] {
    std::shared_ptr<Core> self = weak.lock();
    if (!self) return;
    self->waiting = false;
    self->pump();
  });
}

void RealListener::Core::begin_handshake(std::shared_ptr<RealSocket> socket) {
  auto handshake = std::make_shared<TlsHandshake>(socket, context, TlsSession::Role::accepts);
  handshakes.insert(handshake);
  TlsHandshake* key = handshake.get();
  SteadyTime deadline = executor.clock().now() + kHandshakeLimit;
  handshake->start(deadline, [weak = weak_from_this(), key](Result<std::unique_ptr<TlsSession>> session) {
    std::shared_ptr<Core> self = weak.lock();
    if (!self) return;
    std::shared_ptr<RealSocket> socket = key->socket();
    std::erase_if(self->handshakes, [key](const std::shared_ptr<TlsHandshake>& each) { return each.get() == key; });
    self->handshake_ended(socket, std::move(session));
    self->pump();
  });
}

void RealListener::Core::handshake_ended(const std::shared_ptr<RealSocket>& socket,
                                         Result<std::unique_ptr<TlsSession>> session) {
  Result<PeerIdentity> peer = session ? (*session)->peer() : Result<PeerIdentity>(fail(session.error()));
  if (!peer) {
    real_listener_logger.warn("TLS handshake failed", {{"peer", socket->peer()}, {"reason", peer.error().message}});
    socket->close();
    return;
  }
  ready.push_back(std::make_unique<TlsConnection>(socket, std::move(*session), std::move(*peer)));
  arrived.notify_all();
}

void RealListener::Core::close() {
  if (closed) return;
  closed = true;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  for (const std::shared_ptr<TlsHandshake>& handshake : handshakes) handshake->cancel();
  handshakes.clear();
  ready.clear();
  arrived.notify_all();
}

Result<std::unique_ptr<RealListener>> RealListener::open(RealExecutor& executor, const Address& at,
                                                         std::shared_ptr<TlsContext> context) {
  auto core = std::make_shared<Core>(executor, std::move(context));
  TRY_STATUS(core->open(at));
  boost::system::error_code error;
  uint16_t port = core->acceptor.local_endpoint(error).port();
  core->pump();
  return std::unique_ptr<RealListener>(new RealListener(std::move(core), port));
}

RealListener::~RealListener() { core_->close(); }

void RealListener::close() { core_->close(); }

Task<Result<std::unique_ptr<Connection>>> RealListener::accept(std::stop_token stop) {
  while (core_->ready.empty()) {
    if (core_->closed) co_return fail(ErrorCode::closed, "the listener was closed");
    core_->pump();
    if (!core_->ready.empty()) break;
    Status waited = co_await core_->arrived.wait(kNever, stop);
    CO_TRY_STATUS(waited);
  }
  std::unique_ptr<Connection> connection = std::move(core_->ready.front());
  core_->ready.pop_front();
  core_->pump();
  co_return connection;
}

}  // namespace distributary
