// create TOPIC PARTITIONS, grow TOPIC PARTITIONS, delete TOPIC: through the admin API. Prints `ok`, or the name of the
// error for the topic. time TOPIC PARTITION MILLISECONDS: prints the first offset at that time or later.
#include <cstdio>

#include "client.h"

namespace rdkafka_client {
namespace {

constexpr int kTimeoutMs = 10'000;
using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

Handle make_client(const std::string& broker) {
  return make_handle(RD_KAFKA_PRODUCER, Settings{{"bootstrap.servers", broker}});
}

Event wait_for_answer(rd_kafka_queue_t* queue) {
  Event event(rd_kafka_queue_poll(queue, kTimeoutMs), rd_kafka_event_destroy);
  if (!event) throw Failure("no answer");
  check(rd_kafka_event_error(event.get()),
        rd_kafka_event_error_string(event.get()) ? rd_kafka_event_error_string(event.get()) : "admin");
  return event;
}

void print_results(const rd_kafka_topic_result_t** results, size_t count) {
  if (count != 1) throw Failure("not one result");
  rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  const char* text = rd_kafka_topic_result_error_string(results[0]);
  std::printf("%s %s\n", error == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : rd_kafka_err2name(error), text ? text : "");
}

}  // namespace

void create_topic(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle client = make_client(broker);
  Queue queue(rd_kafka_queue_new(client.get()), rd_kafka_queue_destroy);
  char error[512];
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(arguments.at(0).c_str(), std::stoi(arguments.at(1)), 1, error, sizeof error);
  if (!topic) throw Failure(error);
  rd_kafka_CreateTopics(client.get(), &topic, 1, nullptr, queue.get());
  Event event = wait_for_answer(queue.get());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  print_results(results, count);
  rd_kafka_NewTopic_destroy(topic);
}

void grow_topic(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle client = make_client(broker);
  Queue queue(rd_kafka_queue_new(client.get()), rd_kafka_queue_destroy);
  char error[512];
  rd_kafka_NewPartitions_t* grown = rd_kafka_NewPartitions_new(
      arguments.at(0).c_str(), static_cast<size_t>(std::stoi(arguments.at(1))), error, sizeof error);
  if (!grown) throw Failure(error);
  rd_kafka_CreatePartitions(client.get(), &grown, 1, nullptr, queue.get());
  Event event = wait_for_answer(queue.get());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  print_results(results, count);
  rd_kafka_NewPartitions_destroy(grown);
}

void delete_topic(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle client = make_client(broker);
  Queue queue(rd_kafka_queue_new(client.get()), rd_kafka_queue_destroy);
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(arguments.at(0).c_str());
  rd_kafka_DeleteTopics(client.get(), &topic, 1, nullptr, queue.get());
  Event event = wait_for_answer(queue.get());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  print_results(results, count);
  rd_kafka_DeleteTopic_destroy(topic);
}

void offset_for_time(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle client = make_client(broker);
  std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)> times(
      rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(times.get(), arguments.at(0).c_str(), std::stoi(arguments.at(1)))->offset =
      std::stoll(arguments.at(2));
  check(rd_kafka_offsets_for_times(client.get(), times.get(), kTimeoutMs), "offsets for times");
  check(times->elems[0].err, "offset");
  std::printf("%lld\n", static_cast<long long>(times->elems[0].offset));
}

}  // namespace rdkafka_client
