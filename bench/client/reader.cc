#include <fmt/format.h>

#include <cstring>
#include <sstream>

#include "client/client.h"

namespace distributary::bench {

using rdkafka_client::Settings;

namespace {
using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
constexpr size_t kMostAtOnce = 2000;
constexpr int kAnswerMillis = 5000;
}  // namespace

Reader::Reader(const Topic& topic, const std::string& broker, const Payload& payload, bool stamped)
    : topic_(topic),
      payload_(payload),
      stamped_(stamped),
      consumer_(
          rdkafka_client::make_handle(RD_KAFKA_CONSUMER, Settings{{"bootstrap.servers", broker},
                                                                  {"group.id", "bench"},
                                                                  {"enable.auto.commit", "false"},
                                                                  {"auto.offset.reset", "error"},
                                                                  {"socket.nagle.disable", "true"},
                                                                  {"fetch.error.backoff.ms", "5"},
                                                                  {"topic.metadata.refresh.fast.interval.ms", "50"}})),
      messages_(kMostAtOnce),
      next_(topic.partitions) {
  rd_kafka_poll_set_consumer(consumer_.get());
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(static_cast<int>(topic.partitions));
  for (uint32_t i = 0; i < topic.partitions; ++i)
    rd_kafka_topic_partition_list_add(all, topic.name.c_str(), static_cast<int32_t>(i))->offset = 0;
  rd_kafka_resp_err_t error = rd_kafka_assign(consumer_.get(), all);
  rd_kafka_topic_partition_list_destroy(all);
  rdkafka_client::check(error, "assign");
  queue_ = rd_kafka_queue_get_consumer(consumer_.get());
}

Reader::~Reader() { rd_kafka_queue_destroy(queue_); }

void Reader::check(const rd_kafka_message_t& message) {
  auto partition = static_cast<uint32_t>(message.partition);
  auto offset = static_cast<uint64_t>(message.offset);
  auto place = [&] { return fmt::format("{}/{} offset {}", topic_.name, partition, offset); };
  if (message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return;  // a replica that does not have it yet
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw Failure(fmt::format("{}: {}", place(), rd_kafka_message_errstr(&message)));
  if (offset != next_.at(partition)) throw Failure(fmt::format("{} came in place of {}", place(), next_[partition]));
  size_t skip = stamped_ ? sizeof(int64_t) : 0;
  std::string_view wanted = payload_.value(partition, offset, topic_.size);
  if (message.len != topic_.size ||
      std::memcmp(static_cast<char*>(message.payload) + skip, wanted.data() + skip, topic_.size - skip) != 0)
    throw Failure(place() + ": not what was produced");
  ++next_[partition];
  ++total_;
}

size_t Reader::take(size_t most, int wait_ms) {
  ssize_t count = rd_kafka_consume_batch_queue(queue_, wait_ms, messages_.data(), std::min(most, kMostAtOnce));
  if (count < 0) throw Failure(std::string("consume: ") + rd_kafka_err2name(rd_kafka_last_error()));
  uint64_t before = total_;
  // All are released first when one is wrong: the consumer's end waits for that.
  std::vector<Message> taken;
  taken.reserve(static_cast<size_t>(count));
  for (ssize_t i = 0; i < count; ++i) taken.emplace_back(messages_[static_cast<size_t>(i)], rd_kafka_message_destroy);
  for (const Message& message : taken) check(*message);
  return total_ - before;
}

int64_t Reader::take_stamped(int wait_ms) {
  Message message(rd_kafka_consumer_poll(consumer_.get(), wait_ms), rd_kafka_message_destroy);
  if (!message) return 0;
  uint64_t before = total_;
  check(*message);
  int64_t stamp = 0;
  if (total_ != before) std::memcpy(&stamp, message->payload, sizeof stamp);
  return stamp;
}

std::vector<uint64_t> end_offsets(rd_kafka_t* client, const Topic& topic) {
  std::vector<uint64_t> ends;
  for (uint32_t i = 0; i < topic.partitions; ++i) {
    int64_t low = 0;
    int64_t high = 0;
    if (rd_kafka_query_watermark_offsets(client, topic.name.c_str(), static_cast<int32_t>(i), &low, &high,
                                         kAnswerMillis) != RD_KAFKA_RESP_ERR_NO_ERROR)
      return {};
    ends.push_back(static_cast<uint64_t>(high));
  }
  return ends;
}

std::string json_list(const std::vector<uint64_t>& numbers) { return fmt::format("[{}]", fmt::join(numbers, ", ")); }

std::vector<uint64_t> ends_of(const Arguments& arguments, const Topic& topic) {
  std::vector<uint64_t> ends;
  std::stringstream text(arguments.text("ends"));
  for (std::string one; std::getline(text, one, ',');) ends.push_back(std::stoull(one));
  if (ends.size() != topic.partitions) throw Failure("'ends=' must have one offset for each partition");
  return ends;
}

}  // namespace distributary::bench
