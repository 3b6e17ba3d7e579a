#include <fmt/core.h>

#include <cstring>

#include "common/latencies.h"
#include "common/pacer.h"
#include "common/worker.h"
#include "nats/client.h"
#include "nats/consumer.h"

namespace distributary::bench {
namespace {

constexpr double kPatienceSeconds = 60;

struct Run {
  const Arguments& arguments;
  Payload payload;
  size_t size;
  uint64_t count;
  Pacer pacer;
  int64_t from;
  int64_t deadline;
  Latencies acknowledged;
  Latencies delivered;
};

// They may come in another order than the records, which are numbered from 1 as they came to the stream.
void take_acknowledgements(Run& run, NatsConnection& connection, uint64_t& taken, int64_t until) {
  while (taken < run.count) {
    NatsMessage message;
    int64_t left = until - now_ns();
    if (!connection.receive(message, static_cast<int>(left > 0 ? left / 1'000'000 : 0))) return;
    if (!message.status.empty() || message.payload.find("\"error\"") != std::string_view::npos)
      throw Failure(fmt::format("publish: {} {}", message.status, message.payload));
    ++taken;
    int64_t due = run.pacer.due(number_in(message.payload, "seq") - 1);
    if (due >= run.from) run.acknowledged.add(static_cast<uint64_t>(now_ns() - due));
  }
}

void send(Run& run, NatsConnection& connection, const std::string& reply) {
  sleep_precisely();
  const std::string& subject = run.arguments.text("subject");
  for (uint64_t n = 0; n < run.count; ++n) {
    int64_t due = run.pacer.due(n);
    if (due > now_ns()) {
      connection.flush();
      run.pacer.wait(n);
    }
    std::string_view text = run.payload.value(0, n, run.size);
    char stamp[sizeof due];
    std::memcpy(stamp, &due, sizeof due);
    connection.publish(subject, reply, {stamp, sizeof stamp}, text.substr(sizeof stamp));
  }
  connection.flush();
}

void receive(Run& run, uint16_t port) {
  NatsConsumer consumer(port, run.arguments.text("stream"), run.payload, run.size, true);
  while (consumer.total() < run.count) {
    std::string_view value;
    bool came = consumer.take(value, 100);
    int64_t now = now_ns();
    if (now > run.deadline)
      throw Failure(fmt::format("{} of {} records came before time was over", consumer.total(), run.count));
    if (!came) continue;
    int64_t due = 0;
    std::memcpy(&due, value.data(), sizeof due);
    if (due >= run.from) run.delivered.add(static_cast<uint64_t>(now - due));
  }
}

}  // namespace

void latency(const Arguments& arguments) {
  double rate = arguments.real("rate", 1000);
  double warm = arguments.real("warm", 1);
  int64_t begin = now_ns() + 500'000'000;
  auto count = static_cast<uint64_t>(rate * (warm + arguments.real("seconds", 5)));
  Pacer pacer(begin, rate);
  Run run{.arguments = arguments,
          .payload = Payload(arguments.text("payload")),
          .size = arguments.number("size", 1024),
          .count = count,
          .pacer = pacer,
          .from = begin + static_cast<int64_t>(warm * 1e9),
          .deadline = pacer.due(count) + static_cast<int64_t>(kPatienceSeconds * 1e9)};
  // One connection publishes and another gets the acknowledgements: a thread for each.
  NatsConnection connection(static_cast<uint16_t>(arguments.number("port")));
  NatsConnection acknowledgements(static_cast<uint16_t>(arguments.number("port")));
  std::string reply = acknowledgements.own("ack");
  acknowledgements.subscribe(reply);
  acknowledgements.flush();
  Worker receiver([&] { receive(run, static_cast<uint16_t>(arguments.number("at", arguments.number("port")))); });
  Worker acknowledger([&] {
    uint64_t taken = 0;
    take_acknowledgements(run, acknowledgements, taken, run.deadline);
    if (taken < run.count) throw Failure(fmt::format("{} of {} records were acknowledged", taken, run.count));
  });
  Worker sender([&] { send(run, connection, reply); });
  sender.join();
  acknowledger.join();
  receiver.join();
  fmt::print(R"({{"records": {}, "rate": {}, "acknowledged": {}, "delivered": {}}})"
             "\n",
             count, rate, run.acknowledged.json(), run.delivered.json());
}

}  // namespace distributary::bench
