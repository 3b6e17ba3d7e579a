// KafkaListener: accepts clients that speak Kafka's protocol and serves each on a KafkaConnection.
//
//   KafkaListener listener(broker, options);
//   TRY_STATUS(listener.listen({"127.0.0.1", 9092}, nullptr));
//   ...
//   co_await listener.stop();   // closes it and all its connections
//
// Ownership: the broker outlives it; `stop` must be awaited before destruction once `listen` succeeded. Threads: the
// executor's.
#pragma once

#include <memory>

#include "api/kafka/listener_options.h"
#include "api/kafka/request.h"
#include "io/task_scope.h"

namespace distributary {

class KafkaListener {
 public:
  KafkaListener(Broker& broker, KafkaListenerOptions options);

  // Errors of Network::listen. `identity` outlives the listener; null: plaintext.
  Status listen(Address at, const TlsIdentity* identity);
  uint16_t port() const { return listener_->port(); }
  size_t connections() const { return connections_; }
  Task<void> stop();

 private:
  Task<void> accept();
  Task<bool> admit(Connection& connection);
  Task<void> serve(std::unique_ptr<Connection> connection);

  Broker& broker_;
  KafkaListenerOptions options_;
  KafkaService service_;
  std::unique_ptr<Listener> listener_;
  size_t connections_ = 0;
  TaskScope scope_;
};

}  // namespace distributary
