// produce TOPIC COUNT CODEC [FIRST]: an idempotent producer. Prints `acknowledged N` for every thousandth message;
// messages say their number, from FIRST on, and go to partitions by their keys. Fails unless all are acknowledged. With
// COUNT 0 it sends some thousand messages a second until standard input ends. The last line is `sent N`.
#include <cstdio>

#include "client.h"

namespace rdkafka_client {
namespace {

struct Progress {
  long acknowledged = 0;
  long failed = 0;
  std::string first_error;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  Progress& progress = *static_cast<Progress*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (progress.failed++ == 0) progress.first_error = rd_kafka_err2name(message->err);
    return;
  }
  if (++progress.acknowledged % 1000 == 0) {
    std::printf("acknowledged %ld\n", progress.acknowledged);
    std::fflush(stdout);
  }
}

void send(rd_kafka_t* producer, const std::string& topic, long number) {
  std::string key = "key " + std::to_string(number % 100);
  std::string value = "message " + std::to_string(number) + " " + std::string(80, static_cast<char>('a' + number % 26));
  while (true) {
    rd_kafka_resp_err_t error =
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(value.data(), value.size()),
                          RD_KAFKA_V_HEADER("key", key.data(), static_cast<ssize_t>(key.size())), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      check(error, "produce");
      break;
    }
    rd_kafka_poll(producer, 100);
  }
  rd_kafka_poll(producer, 0);
}

}  // namespace

void produce(const std::string& broker, const std::vector<std::string>& arguments) {
  const std::string& topic = arguments.at(0);
  long count = std::stol(arguments.at(1));
  Progress progress;
  Settings settings{{"bootstrap.servers", broker},          {"enable.idempotence", "true"},
                    {"compression.codec", arguments.at(2)}, {"linger.ms", "5"},
                    {"batch.num.messages", "200"},          {"queue.buffering.max.messages", "2000"},
                    {"message.timeout.ms", "50000"},        {"reconnect.backoff.max.ms", "500"}};
  Handle producer = make_handle(RD_KAFKA_PRODUCER, settings, [&progress](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, &progress);
  });
  long first = arguments.size() > 3 ? std::stol(arguments[3]) : 0;
  long sent = 0;
  while (count == 0 ? !input_ended() : sent < count) {
    send(producer.get(), topic, first + sent++);
    if (count == 0 && sent % 20 == 0) rd_kafka_poll(producer.get(), 5);
  }
  check(rd_kafka_flush(producer.get(), 50'000), "flush");
  if (progress.acknowledged != sent) {
    throw Failure(std::to_string(progress.acknowledged) + " of " + std::to_string(sent) +
                  " acknowledged; first error: " + progress.first_error);
  }
  std::printf("sent %ld\n", sent);
}

}  // namespace rdkafka_client
