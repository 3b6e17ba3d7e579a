// latency: records are due at `rate` per second; each carries when it was due. Measured from then: until the broker has
// acknowledged it, and until a consumer has it, at `at` (another broker: a replica) or at the same.
#include <fmt/core.h>

#include <atomic>
#include <cstring>

#include "client/client.h"
#include "common/latencies.h"
#include "common/pacer.h"
#include "common/worker.h"

namespace distributary::bench {
namespace {

using rdkafka_client::Handle;
using rdkafka_client::Settings;

constexpr double kPatienceSeconds = 60;  // for what is still on its way at the end

// Callbacks come on the thread that polls.
struct Acknowledgements {
  Latencies latencies;
  int64_t from = 0;  // what was due earlier warms up
  uint64_t failed = 0;
  std::string first_error;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& acknowledgements = *static_cast<Acknowledgements*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (acknowledgements.failed++ == 0) acknowledgements.first_error = rd_kafka_err2name(message->err);
    return;
  }
  auto due = reinterpret_cast<int64_t>(message->_private);
  if (due >= acknowledgements.from) acknowledgements.latencies.add(static_cast<uint64_t>(now_ns() - due));
}

struct Run {
  Topic topic;
  Payload payload;
  std::string at;
  uint64_t count;
  Pacer pacer;
  int64_t from;
  int64_t deadline;
  Latencies delivered;
  std::atomic<bool> sent{false};
};

void send(Run& run, rd_kafka_t* producer) {
  sleep_precisely();
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, run.topic.name.c_str(), nullptr);
  std::vector<uint64_t> next(run.topic.partitions);
  std::vector<char> value(run.topic.size);
  for (uint64_t n = 0; n < run.count; ++n) {
    auto partition = static_cast<uint32_t>(n % run.topic.partitions);
    int64_t due = run.pacer.wait(n);
    std::string_view text = run.payload.value(partition, next[partition]++, run.topic.size);
    std::memcpy(value.data(), text.data(), text.size());
    std::memcpy(value.data(), &due, sizeof due);
    if (rd_kafka_produce(topic, static_cast<int32_t>(partition), RD_KAFKA_MSG_F_COPY, value.data(), value.size(),
                         nullptr, 0, reinterpret_cast<void*>(due)) != 0)
      throw Failure(std::string("produce: ") + rd_kafka_err2name(rd_kafka_last_error()));
  }
  rd_kafka_topic_destroy(topic);
  while (rd_kafka_outq_len(producer) > 0) {  // the other thread polls
    if (now_ns() > run.deadline) throw Failure("not everything was acknowledged before time was over");
    sleep_until_ns(now_ns() + 1'000'000);
  }
}

void receive(Run& run) {
  Reader reader(run.topic, run.at, run.payload, true);
  while (reader.total() < run.count) {
    int64_t due = reader.take_stamped(100);
    int64_t now = now_ns();
    if (due >= run.from) run.delivered.add(static_cast<uint64_t>(now - due));
    if (now > run.deadline)
      throw Failure(fmt::format("{} of {} records came before time was over", reader.total(), run.count));
  }
}

// A replica may get the topic a little later.
void wait_for_topic(const Topic& topic, const std::string& broker) {
  Handle client = rdkafka_client::make_handle(
      RD_KAFKA_CONSUMER, {{"bootstrap.servers", broker}, {"group.id", "bench"}, {"log_level", "0"}});
  int64_t deadline = now_ns() + static_cast<int64_t>(kPatienceSeconds * 1e9);
  while (end_offsets(client.get(), topic).empty()) {
    if (now_ns() > deadline) throw Failure(topic.name + " does not come to " + broker);
    sleep_until_ns(now_ns() + 10'000'000);
  }
}

}  // namespace

void latency(const Arguments& arguments) {
  Topic topic(arguments);
  double rate = arguments.real("rate", 1000);
  double warm = arguments.real("warm", 1);
  wait_for_topic(topic, arguments.text("at", topic.broker));
  int64_t begin = now_ns() + 500'000'000;  // so that everybody is ready
  int64_t from = begin + static_cast<int64_t>(warm * 1e9);
  auto count = static_cast<uint64_t>(rate * (warm + arguments.real("seconds", 5)));
  Pacer pacer(begin, rate);
  int64_t deadline = pacer.due(count) + static_cast<int64_t>(kPatienceSeconds * 1e9);
  Run run{topic, Payload(arguments.text("payload")), arguments.text("at", topic.broker), count, pacer, from, deadline};
  Acknowledgements acknowledgements;
  acknowledgements.from = from;
  Settings settings = producer_settings(topic.broker, arguments);
  Handle producer = rdkafka_client::make_handle(RD_KAFKA_PRODUCER, settings, [&](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, &acknowledgements);
  });
  if (end_offsets(producer.get(), topic) != std::vector<uint64_t>(topic.partitions))
    throw Failure(topic.name + " is not there or not empty");
  Worker poller([&] {
    while (!run.sent && now_ns() < run.deadline) rd_kafka_poll(producer.get(), 20);
    rd_kafka_poll(producer.get(), 0);
  });
  Worker receiver([&] { receive(run); });
  Worker sender([&] { send(run, producer.get()); });
  sender.join();
  run.sent = true;
  poller.join();
  receiver.join();
  if (acknowledgements.failed != 0)
    throw Failure(fmt::format("{} records failed: {}", acknowledgements.failed, acknowledgements.first_error));
  fmt::print(R"({{"records": {}, "rate": {}, "acknowledged": {}, "delivered": {}}})"
             "\n",
             count, rate, acknowledgements.latencies.json(), run.delivered.json());
}

}  // namespace distributary::bench
