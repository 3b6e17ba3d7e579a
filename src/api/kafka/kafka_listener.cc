#include "api/kafka/kafka_listener.h"

#include "api/kafka/kafka_connection.h"
#include "base/log.h"

namespace distributary {
namespace {
constexpr std::chrono::milliseconds kAcceptRetry{100};  // after an error such as too many open files
const Logger kafka_listener_logger("kafka");
}  // namespace

KafkaListener::KafkaListener(Broker& broker, KafkaListenerOptions options)
    : broker_(broker), options_(std::move(options)), service_{broker_, options_}, scope_(broker.world().executor) {}

Status KafkaListener::listen(Address at, const TlsIdentity* identity) {
  TRY(listener_, broker_.world().network.listen(std::move(at), identity));
  if (options_.advertised.port == 0) options_.advertised.port = listener_->port();
  scope_.spawn(accept());
  return {};
}

Task<void> KafkaListener::accept() {
  std::stop_token stop = scope_.stop_token();
  while (!stop.stop_requested()) {
    Result<std::unique_ptr<Connection>> connection = co_await listener_->accept(stop);
    if (stop.stop_requested()) break;
    if (!connection) {
      if (connection.error().code == ErrorCode::closed || connection.error().code == ErrorCode::cancelled) break;
      kafka_listener_logger.warn("cannot accept a connection", {{"error", connection.error().message}});
      Status slept = co_await sleep_for(scope_.executor(), kAcceptRetry, stop);
      if (!slept) break;
      continue;
    }
    if (connections_ >= options_.connections_max) {
      kafka_listener_logger.warn(
          "a connection is refused: there are too many",
          {{"client", (*connection)->peer_address()}, {"max.connections", options_.connections_max}});
      (*connection)->close();
      continue;
    }
    scope_.spawn(serve(std::move(*connection)));
  }
}

// False: the connection is not served. One above its address's quota is closed only after a while, so that a client
// that tries again at once gains nothing.
Task<bool> KafkaListener::admit(Connection& connection) {
  ClientQuotas& quotas = broker_.quotas();
  Status loaded = co_await broker_.load();
  const std::string peer = connection.peer_address();
  if (!loaded) {
    kafka_listener_logger.warn("a connection is refused: quotas, settings and groups cannot be read",
                               {{"client", peer}, {"error", loaded.error().message}});
    co_return false;
  }
  Result<Address> address = parse_address(peer, 0);
  const std::chrono::milliseconds wait = quotas.count_connection(address ? address->host : peer);
  if (wait.count() == 0) co_return true;
  kafka_listener_logger.info("a connection is closed: its address makes too many", {{"client", peer}});
  Status slept = co_await sleep_for(scope_.executor(), wait, scope_.stop_token());
  (void)slept;
  co_return false;
}

Task<void> KafkaListener::serve(std::unique_ptr<Connection> connection) {
  ++connections_;
  const bool welcome = co_await admit(*connection);
  if (!welcome) {
    connection->close();
    --connections_;
    co_return;
  }
  KafkaConnection served(service_, std::move(connection));
  co_await served.run(scope_.stop_token());
  --connections_;
}

Task<void> KafkaListener::stop() {
  scope_.stop();
  if (listener_) listener_->close();
  co_await scope_.join();
}

}  // namespace distributary
