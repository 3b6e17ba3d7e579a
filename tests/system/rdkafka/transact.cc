// transact TOPIC ID ROUNDS: a transactional producer. Each round sends ten messages `round R message N` and, for group
// "copied", position R of partition 0; every third round is aborted. Prints `committed R` or `aborted R`; goes on over
// whatever librdkafka says can be tried again.
//
// fence TOPIC ID: begins, sends one message, prints `begun`, and when standard input has ended tries to commit. Prints
// `refused NAME` with the error, or `committed`.
#include <cstdio>
#include <functional>

#include "client.h"

namespace rdkafka_client {
namespace {

constexpr int kAttempts = 200;
constexpr int kMessages = 10;

using Error = std::unique_ptr<rd_kafka_error_t, decltype(&rd_kafka_error_destroy)>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;
using Group = std::unique_ptr<rd_kafka_consumer_group_metadata_t, decltype(&rd_kafka_consumer_group_metadata_destroy)>;

Handle make_producer(const std::string& broker, const std::string& id) {
  Settings settings{{"bootstrap.servers", broker},
                    {"transactional.id", id},
                    {"transaction.timeout.ms", "60000"},
                    {"linger.ms", "2"},
                    {"reconnect.backoff.max.ms", "500"}};
  return make_handle(RD_KAFKA_PRODUCER, settings);
}

enum class Outcome { done, abort };

// Runs a step until it is done; `abort` when only an abort helps.
Outcome step(const std::string& what, const std::function<rd_kafka_error_t*()>& run) {
  std::string last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Error error(run(), rd_kafka_error_destroy);
    if (!error) return Outcome::done;
    last = std::string(rd_kafka_error_name(error.get())) + ": " + rd_kafka_error_string(error.get());
    if (rd_kafka_error_txn_requires_abort(error.get())) return Outcome::abort;
    if (!rd_kafka_error_is_retriable(error.get())) break;
  }
  throw Failure(what + ": " + last);
}

void send(rd_kafka_t* producer, const std::string& topic, int partition, std::string value) {
  rd_kafka_resp_err_t error = rd_kafka_producev(
      producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value.data(), value.size()), RD_KAFKA_V_END);
  check(error, "produce");
}

Outcome send_position(rd_kafka_t* producer, const std::string& topic, long offset) {
  Partitions positions(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(positions.get(), topic.c_str(), 0)->offset = offset;
  Group group(rd_kafka_consumer_group_metadata_new("copied"), rd_kafka_consumer_group_metadata_destroy);
  return step("send offsets",
              [&] { return rd_kafka_send_offsets_to_transaction(producer, positions.get(), group.get(), 30'000); });
}

// False: the round was aborted.
bool one_round(rd_kafka_t* producer, const std::string& topic, long round) {
  step("begin", [&] { return rd_kafka_begin_transaction(producer); });
  for (int n = 0; n < kMessages; ++n)
    send(producer, topic, n % 2, "round " + std::to_string(round) + " message " + std::to_string(n));
  Outcome outcome = send_position(producer, topic, round);
  const bool wanted = round % 3 != 2;
  if (outcome == Outcome::done && wanted)
    outcome = step("commit", [&] { return rd_kafka_commit_transaction(producer, 30'000); });
  if (outcome == Outcome::done && wanted) return true;
  if (outcome == Outcome::done) rd_kafka_flush(producer, 30'000);  // an abort drops what is still in the client's queue
  step("abort", [&] { return rd_kafka_abort_transaction(producer, 30'000); });
  return false;
}

}  // namespace

void transact(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle producer = make_producer(broker, arguments.at(1));
  step("init", [&] { return rd_kafka_init_transactions(producer.get(), 30'000); });
  for (long round = 0; round < std::stol(arguments.at(2)); ++round) {
    const bool committed = one_round(producer.get(), arguments.at(0), round);
    std::printf("%s %ld\n", committed ? "committed" : "aborted", round);
    std::fflush(stdout);
  }
}

void fence(const std::string& broker, const std::vector<std::string>& arguments) {
  Handle producer = make_producer(broker, arguments.at(1));
  step("init", [&] { return rd_kafka_init_transactions(producer.get(), 30'000); });
  step("begin", [&] { return rd_kafka_begin_transaction(producer.get()); });
  send(producer.get(), arguments.at(0), 0, "of the one that is fenced");
  check(rd_kafka_flush(producer.get(), 30'000), "flush");
  std::printf("begun\n");
  std::fflush(stdout);
  while (!input_ended()) rd_kafka_poll(producer.get(), 50);
  Error error(rd_kafka_commit_transaction(producer.get(), 30'000), rd_kafka_error_destroy);
  std::printf(error ? "refused %s\n" : "committed\n", error ? rd_kafka_error_name(error.get()) : "");
}

}  // namespace rdkafka_client
