// bench_client: librdkafka as the one client of every server that speaks Kafka's protocol. Every command prints one
// JSON object; what it read was checked (see common/payload.h), and anything wrong ends it with an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/arguments.h"
#include "common/payload.h"
#include "rdkafka/client.h"

namespace distributary::bench {

// What every command needs to know of the topic.
struct Topic {
  explicit Topic(const Arguments& arguments)
      : broker(arguments.text("broker")),
        name(arguments.text("topic")),
        partitions(static_cast<uint32_t>(arguments.number("partitions", 1))),
        size(arguments.number("size", 1024)) {}
  std::string broker;
  std::string name;
  uint32_t partitions;
  size_t size;  // of a record's value
};

// Settings of producers: librdkafka's defaults (batches of up to 1 MB) but for acknowledgement, order and room.
rdkafka_client::Settings producer_settings(const std::string& broker, const Arguments& arguments);

// Reads whole partitions from their beginnings and checks every record.
class Reader {
 public:
  // `stamped`: the first 8 bytes of a value are a time and no payload.
  Reader(const Topic& topic, const std::string& broker, const Payload& payload, bool stamped);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  // Takes what is there, up to `most` records, waiting up to `wait_ms` until there are as many; how many it took.
  size_t take(size_t most, int wait_ms);
  // One record as soon as there is one, up to `wait_ms`: the time that it carries, 0 if none came.
  int64_t take_stamped(int wait_ms);
  uint64_t total() const { return total_; }
  const std::vector<uint64_t>& next() const { return next_; }  // by partition

 private:
  void check(const rd_kafka_message_t& message);

  const Topic topic_;
  const Payload& payload_;
  const bool stamped_;
  rdkafka_client::Handle consumer_;
  rd_kafka_queue_t* queue_;
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<uint64_t> next_;
  uint64_t total_ = 0;
};

// The end of every partition, as the broker says; empty if the broker or the topic is not there (yet).
std::vector<uint64_t> end_offsets(rd_kafka_t* client, const Topic& topic);

// "[1, 2, 3]"
std::string json_list(const std::vector<uint64_t>& numbers);
// The reverse, from "1,2,3"; throws unless there is one for each partition.
std::vector<uint64_t> ends_of(const Arguments& arguments, const Topic& topic);

void produce(const Arguments& arguments);
void consume(const Arguments& arguments);
void latency(const Arguments& arguments);
void watch(const Arguments& arguments);
void create_topic(const Arguments& arguments);
void create_topics(const Arguments& arguments);
void await_topics(const Arguments& arguments);
void first_acknowledgement(const Arguments& arguments);

}  // namespace distributary::bench
