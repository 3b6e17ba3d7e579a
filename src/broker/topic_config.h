// Kafka's per-topic settings, as far as they mean something here. Retention, compaction and limits are settings of the
// stream, shown on each of its topics and read-only there; only the timestamp type is a topic's own. A setting that
// would promise what this stream does not do is refused; settings that only tune how Kafka lays out its files are
// accepted and have no effect.
//
// Pure functions: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/fault.h"
#include "cluster/catalog.h"

namespace distributary {

struct ConfigEntry {
  enum class Kind : int8_t { boolean = 1, string = 2, int32 = 3, int64 = 5, list = 7 };
  enum class Source : int8_t { topic = 1, static_broker = 4, standard = 5 };
  std::string name;
  std::string value;
  Kind kind = Kind::string;
  Source source = Source::standard;
  bool read_only = true;
  std::string_view documentation;
};

struct TopicConfigs {
  TimestampType timestamp_type = TimestampType::create_time;
};

using ConfigPairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

// Checks the settings given for a new topic in this stream. A null value stands for the default.
Fault read_topic_configs(const ConfigPairs& given, const StreamRecord& stream, size_t batch_bytes_max,
                         TopicConfigs& out);
// What is in force for a topic.
std::vector<ConfigEntry> describe_topic_configs(TimestampType timestamp_type, const StreamRecord& stream,
                                                size_t batch_bytes_max);

}  // namespace distributary
