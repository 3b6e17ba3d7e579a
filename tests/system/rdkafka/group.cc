// group TOPIC GROUP: a member of a group. Prints `assigned P,P,...` when its partitions change and `read P O` for each
// message; commits each; `uncommitted ERROR` when that failed. Leaves when standard input ends.
#include <cstdio>

#include "client.h"

namespace rdkafka_client {
namespace {

using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;

void on_rebalance(rd_kafka_t* consumer, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions, void*) {
  bool gained = error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rd_kafka_assign(consumer, gained ? partitions : nullptr);
  std::string line = "assigned ";
  for (int i = 0; gained && i < partitions->cnt; ++i)
    line += (i ? "," : "") + std::to_string(partitions->elems[i].partition);
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace

void consume_in_group(const std::string& broker, const std::vector<std::string>& arguments) {
  Settings settings{{"bootstrap.servers", broker},   {"group.id", arguments.at(1)},  {"auto.offset.reset", "earliest"},
                    {"enable.auto.commit", "false"}, {"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "300"},
                    {"check.crcs", "true"}};
  Handle consumer = make_handle(RD_KAFKA_CONSUMER, settings,
                                [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, on_rebalance); });
  rd_kafka_poll_set_consumer(consumer.get());
  Partitions topics(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(topics.get(), arguments.at(0).c_str(), RD_KAFKA_PARTITION_UA);
  check(rd_kafka_subscribe(consumer.get(), topics.get()), "subscribe");
  while (!input_ended()) {
    std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> message(
        rd_kafka_consumer_poll(consumer.get(), 100), rd_kafka_message_destroy);
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    rd_kafka_resp_err_t error = rd_kafka_commit_message(consumer.get(), message.get(), 0);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) std::printf("uncommitted %s\n", rd_kafka_err2name(error));
    std::printf("read %d %lld\n", message->partition, static_cast<long long>(message->offset));
    std::fflush(stdout);
  }
  check(rd_kafka_consumer_close(consumer.get()), "close");
}

}  // namespace rdkafka_client
