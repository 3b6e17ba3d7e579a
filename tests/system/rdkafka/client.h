// A client of librdkafka for the system tests: what it owns is released when it goes out of scope, and what fails
// throws. One thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rdkafka_client {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Settings = std::vector<std::pair<std::string, std::string>>;
using Handle = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

// `opaque` goes to the callbacks that `prepare` sets.
template <class Prepare>
Handle make_handle(rd_kafka_type_t type, const Settings& settings, Prepare prepare) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
      throw Failure(error);
  }
  prepare(conf);
  rd_kafka_t* made = rd_kafka_new(type, conf, error, sizeof error);
  if (!made) throw Failure(error);
  return Handle(made, rd_kafka_destroy);
}

inline Handle make_handle(rd_kafka_type_t type, const Settings& settings) {
  return make_handle(type, settings, [](rd_kafka_conf_t*) {});
}

inline void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw Failure(what + ": " + rd_kafka_err2name(error));
}

// Whether somebody has closed our standard input: the sign to end.
bool input_ended();

// The programs. Each gets its own arguments, prints lines to standard output, and ends.
void produce(const std::string& broker, const std::vector<std::string>& arguments);
void consume_in_group(const std::string& broker, const std::vector<std::string>& arguments);
void offset_for_time(const std::string& broker, const std::vector<std::string>& arguments);
void create_topic(const std::string& broker, const std::vector<std::string>& arguments);
void grow_topic(const std::string& broker, const std::vector<std::string>& arguments);
void transact(const std::string& broker, const std::vector<std::string>& arguments);
void fence(const std::string& broker, const std::vector<std::string>& arguments);
void delete_topic(const std::string& broker, const std::vector<std::string>& arguments);

}  // namespace rdkafka_client
