// produce: as fast as it goes, for `seconds` or up to `bytes`, then until all is acknowledged. With `report=1` it says
// meanwhile what is.
#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "client/client.h"
#include "common/clock.h"

namespace distributary::bench {

using rdkafka_client::Handle;
using rdkafka_client::Settings;

Settings producer_settings(const std::string& broker, const Arguments& arguments) {
  return {{"bootstrap.servers", broker},
          {"acks", "all"},
          {"enable.idempotence", "true"},  // one order, so that offsets can be checked
          {"compression.codec", arguments.text("codec", "none")},
          {"linger.ms", arguments.text("linger", "5")},
          {"queue.buffering.max.messages", "10000000"},
          {"queue.buffering.max.kbytes", "2097151"},  // the commands bound what is in flight themselves
          {"socket.nagle.disable", "true"},
          {"message.timeout.ms", "120000"}};
}

namespace {

constexpr size_t kInFlightBytes = 32 << 20;
constexpr size_t kGroupBytes = 64 << 10;  // handed to librdkafka at once, for one partition
constexpr int kFlushMillis = 120'000;

constexpr int64_t kBetweenReports = 50'000'000;

struct Outcome {
  uint64_t failed = 0;
  std::string first_error;
  std::vector<uint64_t> acknowledged;  // by partition; empty if nobody asks
};

void on_produced(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  Outcome& outcome = *static_cast<Outcome*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!outcome.acknowledged.empty())
      outcome.acknowledged[static_cast<size_t>(message->partition)] = static_cast<uint64_t>(message->offset) + 1;
    return;
  }
  if (outcome.failed++ == 0) outcome.first_error = rd_kafka_err2name(message->err);
}

class Producer {
 public:
  Producer(const Topic& topic, const Arguments& arguments)
      : topic_(topic),
        payload_(arguments.text("payload")),
        next_(topic.partitions),
        group_(std::clamp<size_t>(kGroupBytes / topic.size, 1, 500)),
        in_flight_(std::clamp<size_t>(kInFlightBytes / topic.size, group_ * 4, 200'000)),
        messages_(group_) {
    Settings settings = producer_settings(topic.broker, arguments);
    bool reports = arguments.flag("report");
    settings.emplace_back("delivery.report.only.error", reports ? "false" : "true");
    if (reports) outcome_.acknowledged.resize(topic.partitions);
    producer_.emplace(rdkafka_client::make_handle(RD_KAFKA_PRODUCER, settings, [this](rd_kafka_conf_t* conf) {
      rd_kafka_conf_set_dr_msg_cb(conf, on_produced);
      rd_kafka_conf_set_opaque(conf, &outcome_);
    }));
    handle_ = rd_kafka_topic_new(producer_->get(), topic.name.c_str(), nullptr);
    if (handle_ == nullptr) throw Failure("no such topic: " + topic.name);
  }
  ~Producer() { rd_kafka_topic_destroy(handle_); }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void send_group(uint32_t partition) {
    while (static_cast<size_t>(rd_kafka_outq_len(producer_->get())) > in_flight_) rd_kafka_poll(producer_->get(), 1);
    for (rd_kafka_message_t& message : messages_) {
      std::string_view value = payload_.value(partition, next_[partition]++, topic_.size);
      message = {};
      message.payload = const_cast<char*>(value.data());  // not copied and not freed: it stays
      message.len = value.size();
    }
    int taken = rd_kafka_produce_batch(handle_, static_cast<int32_t>(partition), 0, messages_.data(),
                                       static_cast<int>(messages_.size()));
    if (taken != static_cast<int>(messages_.size())) throw Failure("librdkafka did not take a batch");
    sent_ += messages_.size();
  }

  // With `report=1`: says now and then what is acknowledged, for who kills the server.
  void report() {
    if (outcome_.acknowledged.empty() || now_ns() < next_report_) return;
    rd_kafka_poll(producer_->get(), 0);
    fmt::print("{{\"event\": \"acknowledged\", \"ends\": {}}}\n", json_list(outcome_.acknowledged));
    std::fflush(stdout);
    next_report_ = now_ns() + kBetweenReports;
  }

  void finish() {
    rdkafka_client::check(rd_kafka_flush(producer_->get(), kFlushMillis), "flush");
    rd_kafka_poll(producer_->get(), 0);
    if (outcome_.failed != 0)
      throw Failure(fmt::format("{} of {} records failed: {}", outcome_.failed, sent_, outcome_.first_error));
  }
  uint64_t sent() const { return sent_; }
  size_t group() const { return group_; }
  const std::vector<uint64_t>& next() const { return next_; }
  rd_kafka_t* client() { return producer_->get(); }

 private:
  const Topic& topic_;
  Payload payload_;
  Outcome outcome_;
  std::vector<uint64_t> next_;
  size_t group_;
  size_t in_flight_;
  std::vector<rd_kafka_message_t> messages_;
  std::optional<Handle> producer_;
  rd_kafka_topic_t* handle_ = nullptr;
  uint64_t sent_ = 0;
  int64_t next_report_ = 0;
};

}  // namespace

void produce(const Arguments& arguments) {
  Topic topic(arguments);
  Producer producer(topic, arguments);
  if (end_offsets(producer.client(), topic) != std::vector<uint64_t>(topic.partitions))
    throw Failure(topic.name + " is not there or not empty");
  int64_t begin = now_ns();
  int64_t end = begin + static_cast<int64_t>(arguments.real("seconds", 3600) * 1e9);
  uint64_t most = arguments.number("bytes", UINT64_MAX) / topic.size;
  for (uint32_t n = 0; now_ns() < end && producer.sent() + producer.group() <= most; ++n) {
    producer.send_group(n % topic.partitions);
    producer.report();
  }
  producer.finish();
  double seconds = seconds_of(now_ns() - begin);
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}, "ends": {}}})"
             "\n",
             producer.sent(), producer.sent() * topic.size, seconds, json_list(producer.next()));
}

}  // namespace distributary::bench
