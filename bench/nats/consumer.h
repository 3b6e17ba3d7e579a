// Reads a stream of JetStream from its beginning by a push consumer, and checks every record. One thread.
#pragma once

#include "common/payload.h"
#include "nats/connection.h"

namespace distributary::bench {

class NatsConsumer {
 public:
  // `stamped`: the first 8 bytes of a value are a time and no payload.
  NatsConsumer(uint16_t port, const std::string& stream, const Payload& payload, size_t size, bool stamped);
  // The next record, valid until the next call; false if none came within `wait_ms`. Throws if it is not the next.
  bool take(std::string_view& value, int wait_ms);
  uint64_t total() const { return total_; }

 private:
  void check(const NatsMessage& message);

  NatsConnection connection_;
  const Payload& payload_;
  const size_t size_;
  const bool stamped_;
  uint64_t total_ = 0;
};

}  // namespace distributary::bench
