// Kafka's settings of a topic ("configs"), over the topic's own TopicSettings, its stream's settings and the broker's.
// What a topic does not say follows its stream, and is shown as such: `static_broker` where the stream says something
// else than this server's defaults, `standard` where it does not.
//
// A setting that would promise what is not done is refused. One that only tunes how Kafka keeps its files is accepted,
// has no effect, and is shown on the topics that have it.
//
// Pure functions: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/fault.h"
#include "cluster/stream_record.h"
#include "model/topic_settings.h"

namespace distributary {

// Numbers are the protocol's.
enum class ConfigSource : int8_t {
  topic = 1,
  dynamic_broker = 2,
  dynamic_default_broker = 3,
  static_broker = 4,
  standard = 5,
  broker_logger = 6,
  group = 8
};
enum class ConfigKind : int8_t { boolean = 1, string = 2, int32 = 3, int64 = 5, float64 = 6, list = 7 };
enum class ConfigOperation : int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

struct ConfigSynonym {  // what the value would be taken from, first what counts
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::standard;
};

struct ConfigEntry {
  std::string name;
  std::string value;
  ConfigKind kind = ConfigKind::string;
  ConfigSource source = ConfigSource::standard;
  bool read_only = true;
  std::string_view documentation;
  std::vector<ConfigSynonym> synonyms;
};

struct ConfigChange {
  ConfigOperation operation = ConfigOperation::set;
  std::string name;
  std::optional<std::string> value;
};

// What is in force for a topic that says nothing: the stream's settings and the broker's limit (message.max.bytes).
EffectiveTopicSettings topic_defaults(const StreamSettings& stream, size_t batch_bytes_max);

// Settings given for a new topic. A null value stands for the default.
using ConfigPairs = std::vector<std::pair<std::string, std::optional<std::string>>>;
Fault read_topic_configs(const ConfigPairs& given, const EffectiveTopicSettings& defaults, TopicSettings& out);

// Makes all the changes to `own`, or says why not and leaves it undefined. `remove` gives a setting back to the stream;
// `append` and `subtract` change lists and begin with what is in force.
Fault change_topic_configs(const std::vector<ConfigChange>& changes, const EffectiveTopicSettings& defaults,
                           TopicSettings& own);

// What is in force for a topic. `own`: null where it has none. `stamped`: Topic::timestamp_type.
std::vector<ConfigEntry> describe_topic_configs(const TopicSettings* own, TimestampType stamped,
                                                const EffectiveTopicSettings& defaults);

}  // namespace distributary
