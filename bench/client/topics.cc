// create: one topic. topics: creates `count` topics named <topic>-<n>, a thousand in a request, which takes until they
// are listed, for a broker may acknowledge them before; the listing that has them all is timed by itself. await: until
// `count` such topics are listed, at a replica.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "client/client.h"
#include "common/clock.h"

namespace distributary::bench {
namespace {

constexpr uint64_t kInOneRequest = 1000;
constexpr int kTopicsAnswerMillis = 120'000;
constexpr int64_t kMilli = 1'000'000;
constexpr int64_t kBetweenListings = 100 * kMilli;
constexpr int64_t kBetweenLooksAtNew = kMilli;

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, decltype(&rd_kafka_NewTopic_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;
using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;

void create(rd_kafka_t* client, const std::vector<std::string>& names, uint32_t partitions) {
  char error[512];
  std::vector<NewTopic> wanted;
  std::vector<rd_kafka_NewTopic_t*> pointers;
  for (const std::string& name : names) {
    wanted.emplace_back(rd_kafka_NewTopic_new(name.c_str(), static_cast<int>(partitions), 1, error, sizeof error),
                        rd_kafka_NewTopic_destroy);
    pointers.push_back(wanted.back().get());
  }
  AdminOptions options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS),
                       rd_kafka_AdminOptions_destroy);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTopicsAnswerMillis, error, sizeof error);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kTopicsAnswerMillis, error, sizeof error);
  Queue queue(rd_kafka_queue_new(client), rd_kafka_queue_destroy);
  rd_kafka_CreateTopics(client, pointers.data(), pointers.size(), options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kTopicsAnswerMillis), rd_kafka_event_destroy);
  if (!event) throw Failure("no answer to the creation of topics");
  rdkafka_client::check(rd_kafka_event_error(event.get()), "creating topics");
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i)
    rdkafka_client::check(rd_kafka_topic_result_error(results[i]), rd_kafka_topic_result_name(results[i]));
}

uint64_t listed(rd_kafka_t* client, const std::string& prefix) {
  const rd_kafka_metadata_t* metadata = nullptr;
  rdkafka_client::check(rd_kafka_metadata(client, 1, nullptr, &metadata, kTopicsAnswerMillis), "listing topics");
  std::string begin = prefix + "-";
  auto count = static_cast<uint64_t>(
      std::count_if(metadata->topics, metadata->topics + metadata->topic_cnt,
                    [&](const rd_kafka_metadata_topic& topic) { return std::string(topic.topic).starts_with(begin); }));
  rd_kafka_metadata_destroy(metadata);
  return count;
}

}  // namespace

void create_topic(const Arguments& arguments) {
  Topic topic(arguments);
  auto client = rdkafka_client::make_handle(RD_KAFKA_PRODUCER, {{"bootstrap.servers", topic.broker}});
  create(client.get(), {topic.name}, topic.partitions);
  while (end_offsets(client.get(), topic).empty()) {  // a broker may say so before it leads the partitions
  }
  fmt::print(R"({{"topics": 1}})"
             "\n");
}

void create_topics(const Arguments& arguments) {
  Topic topic(arguments);
  uint64_t count = arguments.number("count");
  auto client = rdkafka_client::make_handle(
      RD_KAFKA_PRODUCER, {{"bootstrap.servers", topic.broker}, {"receive.message.max.bytes", "1000000000"}});
  if (listed(client.get(), topic.name) != 0) throw Failure("there are such topics already");
  int64_t begin = now_ns();
  for (uint64_t n = 0; n < count; n += kInOneRequest) {
    std::vector<std::string> names;
    for (uint64_t i = n; i < std::min(count, n + kInOneRequest); ++i)
      names.push_back(fmt::format("{}-{}", topic.name, i));
    create(client.get(), names, topic.partitions);
  }
  int64_t created = now_ns();
  const int64_t deadline = created + kTopicsAnswerMillis * kMilli;
  for (uint64_t found = 0; (found = listed(client.get(), topic.name)) != count; created = now_ns()) {
    if (now_ns() > deadline) throw Failure(fmt::format("{} topics of {} are listed", found, count));
    sleep_until_ns(now_ns() + kBetweenLooksAtNew);
  }
  int64_t end = now_ns();
  fmt::print(R"({{"topics": {}, "create_seconds": {:.6f}, "list_seconds": {:.6f}}})"
             "\n",
             count, seconds_of(created - begin), seconds_of(end - created));
}

void await_topics(const Arguments& arguments) {
  Topic topic(arguments);
  uint64_t count = arguments.number("count");
  auto client = rdkafka_client::make_handle(
      RD_KAFKA_PRODUCER, {{"bootstrap.servers", topic.broker}, {"receive.message.max.bytes", "1000000000"}});
  int64_t begin = now_ns();
  int64_t deadline = begin + static_cast<int64_t>(arguments.real("patience", 300) * 1e9);
  for (uint64_t found = 0; (found = listed(client.get(), topic.name)) < count;) {
    if (now_ns() > deadline) throw Failure(fmt::format("{} of {} topics are there, and time is over", found, count));
    sleep_until_ns(now_ns() + kBetweenListings);
  }
  fmt::print(R"({{"topics": {}, "seconds": {:.6f}}})"
             "\n",
             count, seconds_of(now_ns() - begin));
}

}  // namespace distributary::bench
