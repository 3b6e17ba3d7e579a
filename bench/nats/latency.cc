#include <fmt/core.h>

#include <atomic>
#include <cstring>

#include "common/latencies.h"
#include "common/pacer.h"
#include "common/worker.h"
#include "nats/client.h"
#include "nats/consumer.h"

namespace distributary::bench {
namespace {

constexpr double kPatienceSeconds = 60;
constexpr uint64_t kWindow = 8000;  // not acknowledged yet; the server refuses records from 10,000 on
constexpr int64_t kBetweenLooks = 50'000;
constexpr int64_t kLateNs = 20'000'000'000;  // so much later than the last was due, no more are sent
constexpr int kWaitMillis = 100;

struct Run {
  const Arguments& arguments;
  Payload payload;
  size_t size;
  std::atomic<uint64_t> count;  // less than wanted if a server is too slow
  Pacer pacer;
  int64_t from;
  int64_t deadline;
  uint64_t window;
  Latencies acknowledged;
  Latencies delivered;
  std::atomic<uint64_t> taken{0};  // acknowledgements
  std::atomic<bool> failed{false};
};

// They may come in another order than the records, which are numbered from 1 as they came to the stream.
void take_acknowledgements(Run& run, NatsConnection& connection) {
  while (run.taken < run.count) {
    if (now_ns() > run.deadline)
      throw Failure(
          fmt::format("{} of {} records were acknowledged before time was over", run.taken.load(), run.count.load()));
    NatsMessage message;
    if (!connection.receive(message, kWaitMillis)) continue;
    if (!message.status.empty() || message.payload.find("\"error\"") != std::string_view::npos)
      throw Failure(fmt::format("publish: {} {}", message.status, message.payload));
    ++run.taken;
    int64_t due = run.pacer.due(number_in(message.payload, "seq") - 1);
    if (due >= run.from) run.acknowledged.add(static_cast<uint64_t>(now_ns() - due));
  }
}

// A server that cannot take the rate gets the records later, and what they waited counts. False: by far too late.
bool wait_for_room(const Run& run, NatsConnection& connection, uint64_t n) {
  if (n - run.taken < run.window) return true;
  connection.flush();
  while (n - run.taken >= run.window) {
    if (run.failed || now_ns() > run.pacer.due(run.count) + kLateNs) return false;
    sleep_until_ns(now_ns() + kBetweenLooks);
  }
  return true;
}

void send(Run& run, NatsConnection& connection, const std::string& reply) {
  sleep_precisely();
  const std::string& subject = run.arguments.text("subject");
  for (uint64_t n = 0; n < run.count; ++n) {
    int64_t due = run.pacer.due(n);
    if (!wait_for_room(run, connection, n)) {
      run.count = n;
      break;
    }
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
    bool came = consumer.take(value, kWaitMillis);
    int64_t now = now_ns();
    if (run.failed || now > run.deadline)
      throw Failure(fmt::format("{} of {} records came before time was over", consumer.total(), run.count.load()));
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
          .deadline = pacer.due(count) + static_cast<int64_t>(kPatienceSeconds * 1e9),
          .window = arguments.number("window", kWindow)};
  // One connection publishes and another gets the acknowledgements: a thread for each.
  NatsConnection connection(static_cast<uint16_t>(arguments.number("port")));
  NatsConnection acknowledgements(static_cast<uint16_t>(arguments.number("port")));
  std::string reply = acknowledgements.own("ack");
  acknowledgements.subscribe(reply);
  acknowledgements.request("$JS.API.INFO", "");  // once that is answered, the server knows the subscription too
  Worker receiver([&] { receive(run, static_cast<uint16_t>(arguments.number("at", arguments.number("port")))); });
  Worker acknowledger([&] {
    try {
      take_acknowledgements(run, acknowledgements);
    } catch (...) {
      run.failed = true;
      throw;
    }
  });
  Worker sender([&] { send(run, connection, reply); });
  acknowledger.join();  // first: what it fails with is why the others fail
  sender.join();
  receiver.join();
  fmt::print(R"({{"records": {}, "rate": {}, "acknowledged": {}, "delivered": {}}})"
             "\n",
             run.count.load(), rate, run.acknowledged.json(), run.delivered.json());
}

}  // namespace distributary::bench
