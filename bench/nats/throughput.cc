#include <fmt/core.h>

#include "common/child.h"
#include "common/clock.h"
#include "common/payload.h"
#include "nats/client.h"
#include "nats/consumer.h"

namespace distributary::bench {
namespace {

constexpr uint64_t kPublishWindow = 4000;  // publishes that are not acknowledged yet
constexpr int kSilenceMillis = 30'000;
constexpr int64_t kBetweenReports = 50'000'000;
constexpr int64_t kBetweenCounts = 10'000'000;
constexpr double kWarm = 0.2;

uint16_t port_of(const Arguments& arguments) { return static_cast<uint16_t>(arguments.number("port")); }

void take_acknowledgement(NatsConnection& connection, uint64_t& acknowledged, int wait_ms) {
  NatsMessage message;
  if (!connection.receive(message, wait_ms)) {
    if (wait_ms > 0) throw Failure(fmt::format("{} acknowledged, then none for {} ms", acknowledged, wait_ms));
    return;
  }
  if (!message.status.empty() || message.payload.find("\"error\"") != std::string_view::npos)
    throw Failure(fmt::format("publish: {} {}", message.status, message.payload));
  ++acknowledged;
}

// 0 as long as there is no such stream.
uint64_t messages_in(NatsConnection& connection, const std::string& stream) {
  std::string answer;
  try {
    answer = connection.request("$JS.API.STREAM.INFO." + stream, "");
  } catch (const Failure& failure) {
    if (std::string_view(failure.what()).find("stream not found") != std::string_view::npos) return 0;
    throw;
  }
  return number_in(answer, "messages");
}

}  // namespace

void request(const Arguments& arguments) {
  NatsConnection connection(port_of(arguments));
  fmt::print("{}\n", connection.request(arguments.text("subject"), arguments.text("payload", "")));
}

void produce(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  NatsConnection connection(port_of(arguments));
  std::string reply = connection.own("ack");
  connection.subscribe(reply);
  const std::string& subject = arguments.text("subject");
  size_t size = arguments.number("size", 1024);
  uint64_t window = arguments.number("window", kPublishWindow);
  uint64_t most = arguments.number("bytes", UINT64_MAX) / size;
  int64_t begin = now_ns();
  int64_t end = begin + static_cast<int64_t>(arguments.real("seconds", 3600) * 1e9);
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  bool reports = arguments.flag("report");
  int64_t next_report = 0;
  while (sent < most && now_ns() < end) {
    connection.publish(subject, reply, payload.value(0, sent++, size));
    while (sent - acknowledged >= window) take_acknowledgement(connection, acknowledged, kSilenceMillis);
    if (!reports || now_ns() < next_report) continue;
    fmt::print("{{\"event\": \"acknowledged\", \"ends\": [{}]}}\n", acknowledged);
    std::fflush(stdout);
    next_report = now_ns() + kBetweenReports;
  }
  while (acknowledged < sent) take_acknowledgement(connection, acknowledged, kSilenceMillis);
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}, "ends": [{}]}})"
             "\n",
             sent, sent * size, seconds_of(now_ns() - begin), sent);
}

void consume(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  uint64_t wanted = arguments.number("records");
  size_t size = arguments.number("size", 1024);
  int64_t begin = now_ns();
  NatsConsumer consumer(port_of(arguments), arguments.text("stream"), payload, size, arguments.flag("stamped"));
  while (consumer.total() < wanted) {
    std::string_view value;
    if (!consumer.take(value, kSilenceMillis))
      throw Failure(fmt::format("{} of {} records came, then none", consumer.total(), wanted));
  }
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}}})"
             "\n",
             wanted, wanted * size, seconds_of(now_ns() - begin));
}

void watch(const Arguments& arguments) {
  NatsConnection connection(port_of(arguments));
  uint64_t wanted = arguments.number("records");
  size_t size = arguments.number("size", 1024);
  const std::string& stream = arguments.text("stream");
  int64_t began = now_ns();
  int64_t deadline = began + static_cast<int64_t>(arguments.real("patience", 300) * 1e9);
  int64_t begin = 0;
  uint64_t at_begin = 0;
  uint64_t have = 0;
  uint64_t begin_at = arguments.number("begin_at", static_cast<uint64_t>(kWarm * static_cast<double>(wanted)));
  auto longest = static_cast<int64_t>(arguments.real("seconds", 3600) * 1e9);
  while (have < wanted && (begin == 0 || now_ns() - begin < longest)) {
    if (now_ns() > deadline) throw Failure(fmt::format("{} of {} records are there, and time is over", have, wanted));
    have = messages_in(connection, stream);
    if (begin == 0 && have >= begin_at) {
      bool at_once = have >= wanted;  // before the first look: then all of it counts
      begin = at_once ? began : now_ns();
      at_begin = at_once ? 0 : have;
      fmt::print("{{\"event\": \"flowing\"}}\n");
      std::fflush(stdout);
    }
    if (have < wanted) sleep_until_ns(now_ns() + kBetweenCounts);
  }
  int64_t end = now_ns();
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}, "since_start": {:.6f}, "ends": [{}]}})"
             "\n",
             have - at_begin, (have - at_begin) * size, seconds_of(end - begin), seconds_of(end - began), have);
}

void first_acknowledgement(const Arguments& arguments) {
  double patience = arguments.real("patience", 120);
  Child server(arguments.text("command"), arguments.text("log"));
  int socket = server.connect(port_of(arguments), patience);
  int64_t listening = now_ns();
  NatsConnection connection = NatsConnection::over(socket);
  while (true) {
    try {
      connection.request(arguments.text("subject"), "first");
      break;
    } catch (const Failure&) {  // JetStream is not there yet
      if (seconds_of(now_ns() - server.started()) > patience) throw;
      sleep_until_ns(now_ns() + 200'000);
    }
  }
  fmt::print(R"({{"listening": {:.6f}, "acknowledged": {:.6f}}})"
             "\n",
             seconds_of(listening - server.started()), seconds_of(now_ns() - server.started()));
}

}  // namespace distributary::bench
