#include "nats/consumer.h"

#include <fmt/core.h>

#include <charconv>

#include "common/arguments.h"

namespace distributary::bench {
namespace {

constexpr char kConsumer[] =
    R"({{"stream_name":"{}","config":{{"deliver_subject":"{}","deliver_policy":"all","ack_policy":"none",)"
    R"("max_deliver":1,"flow_control":true,"idle_heartbeat":5000000000,"mem_storage":true,"num_replicas":1}}}})";

// $JS.ACK.<stream>.<consumer>.<delivered>.<sequence in the stream>....
uint64_t sequence_of(std::string_view reply) {
  for (int dots = 0; dots < 5; ++dots) {
    size_t dot = reply.find('.');
    if (dot == std::string_view::npos) return 0;
    reply.remove_prefix(dot + 1);
  }
  uint64_t sequence = 0;
  std::from_chars(reply.data(), reply.data() + reply.size(), sequence);
  return sequence;
}

}  // namespace

NatsConsumer::NatsConsumer(uint16_t port, const std::string& stream, const Payload& payload, size_t size, bool stamped)
    : connection_(port), payload_(payload), size_(size), stamped_(stamped) {
  std::string deliver = connection_.own("deliver");
  connection_.subscribe(deliver);
  connection_.publish("$JS.API.CONSUMER.CREATE." + stream, connection_.own("answer.consumer"),
                      fmt::format(kConsumer, stream, deliver));
  connection_.flush();
}

bool NatsConsumer::take(std::string_view& value, int wait_ms) {
  NatsMessage message;
  while (connection_.receive(message, wait_ms)) {
    if (message.subject.starts_with(connection_.own("answer."))) {
      if (message.payload.find("\"error\"") != std::string_view::npos) throw Failure(std::string(message.payload));
      continue;
    }
    if (!message.status.empty()) {  // a heartbeat, or a question whether we keep up
      if (!message.reply.empty()) {
        std::string reply(message.reply);
        connection_.publish(reply, {}, {});
        connection_.flush();
      }
      continue;
    }
    check(message);
    value = message.payload;
    return true;
  }
  return false;
}

void NatsConsumer::check(const NatsMessage& message) {
  uint64_t sequence = sequence_of(message.reply);
  if (sequence != total_ + 1) throw Failure(fmt::format("record {} came in place of {}", sequence, total_ + 1));
  size_t skip = stamped_ ? sizeof(int64_t) : 0;
  if (message.payload.size() != size_ || message.payload.substr(skip) != payload_.value(0, total_, size_).substr(skip))
    throw Failure(fmt::format("record {} is not what was produced", sequence));
  ++total_;
}

}  // namespace distributary::bench
