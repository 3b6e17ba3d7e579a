#include "broker/topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/printable.h"

namespace distributary {
namespace {

// How Kafka keeps its files, and how it spares itself work: nothing that a client could see.
constexpr std::array<std::string_view, 17> kWithoutEffect = {"segment.bytes",
                                                             "segment.ms",
                                                             "segment.jitter.ms",
                                                             "segment.index.bytes",
                                                             "index.interval.bytes",
                                                             "flush.messages",
                                                             "flush.ms",
                                                             "preallocate",
                                                             "file.delete.delay.ms",
                                                             "min.insync.replicas",
                                                             "unclean.leader.election.enable",
                                                             "min.cleanable.dirty.ratio",
                                                             "max.compaction.lag.ms",
                                                             "message.format.version",
                                                             "message.downconversion.enable",
                                                             "leader.replication.throttled.replicas",
                                                             "follower.replication.throttled.replicas"};

constexpr std::string_view kTimestampType = "message.timestamp.type";

std::string kafka_name(TimestampType type) {
  return type == TimestampType::log_append_time ? "LogAppendTime" : "CreateTime";
}

Fault read_timestamp_type(const std::string& value, TopicConfigs& out) {
  if (value == "CreateTime") {
    out.timestamp_type = TimestampType::create_time;
  } else if (value == "LogAppendTime") {
    out.timestamp_type = TimestampType::log_append_time;
  } else {
    return {KafkaError::invalid_config,
            fmt::format("message.timestamp.type is {}; it must be CreateTime or LogAppendTime", quoted(value))};
  }
  return {};
}

Fault not_settable(const std::string& name, const std::string& value, const ConfigEntry& entry,
                   const StreamRecord& stream) {
  return {KafkaError::invalid_config,
          fmt::format(
              "{}={} cannot be set for a topic: it is {} for all topics of the stream {}; use another stream or change "
              "this one (stream edit)",
              name, quoted(value), entry.value, stream.path)};
}

}  // namespace

std::vector<ConfigEntry> describe_topic_configs(TimestampType timestamp_type, const StreamRecord& stream,
                                                size_t batch_bytes_max) {
  using Kind = ConfigEntry::Kind;
  using Source = ConfigEntry::Source;
  const StreamSettings& settings = stream.settings;
  std::string retention = settings.ttl_seconds == 0 ? "-1" : std::to_string(settings.ttl_seconds * 1000);
  Source source = timestamp_type == settings.timestamp_type ? Source::standard : Source::topic;
  return {
      {"cleanup.policy", settings.compact ? "compact" : "delete", Kind::list, Source::standard, true,
       "compact: of each key the newest record is kept. A setting of the stream (-compact)."},
      {"compression.type", "producer", Kind::string, Source::standard, true,
       "Batches are kept as producers sent them."},
      {"delete.retention.ms", std::to_string(settings.delete_retention_ms), Kind::int64, Source::standard, true,
       "How long a deleted key's last record is kept. A setting of the stream (-deleteretention)."},
      {"max.message.bytes", std::to_string(batch_bytes_max), Kind::int32, Source::standard, true,
       "Largest record batch."},
      {std::string(kTimestampType), kafka_name(timestamp_type), Kind::string, source, false,
       "CreateTime: as the producer says. LogAppendTime: the server's clock."},
      {"min.compaction.lag.ms", std::to_string(settings.min_compaction_lag_ms), Kind::int64, Source::standard, true,
       "Records younger than this are not compacted. A setting of the stream (-mincompactionlag)."},
      {"retention.bytes", "-1", Kind::int64, Source::standard, true, "Streams are not limited by size."},
      {"retention.ms", retention, Kind::int64, Source::standard, true,
       "How long records are kept; -1: for ever. A setting of the stream (-ttl)."},
  };
}

Fault read_topic_configs(const ConfigPairs& given, const StreamRecord& stream, size_t batch_bytes_max,
                         TopicConfigs& out) {
  out.timestamp_type = stream.settings.timestamp_type;
  std::vector<ConfigEntry> in_force = describe_topic_configs(out.timestamp_type, stream, batch_bytes_max);
  for (const auto& [name, value] : given) {
    if (!value) continue;
    if (name == kTimestampType) {
      Fault fault = read_timestamp_type(*value, out);
      if (!fault.ok()) return fault;
      continue;
    }
    auto known = std::ranges::find(in_force, name, &ConfigEntry::name);
    if (known != in_force.end()) {
      if (known->value != *value) return not_settable(name, *value, *known, stream);
    } else if (std::ranges::find(kWithoutEffect, name) == kWithoutEffect.end()) {
      return {KafkaError::invalid_config, fmt::format("there is no topic setting {}", quoted(name))};
    }
  }
  return {};
}

}  // namespace distributary
