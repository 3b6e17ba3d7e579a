#include "broker/topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/printable.h"
#include "model/stream_settings.h"

namespace distributary {
namespace {

using Values = EffectiveTopicSettings;

// One setting that means something here.
struct Row {
  std::string_view name;
  ConfigKind kind;
  std::string_view wide_name;  // what Kafka calls it for all topics
  std::string (*show)(const Values& values);
  bool (*is_set)(const TopicSettings& own);
  void (*reset)(TopicSettings& own);
  bool (*read)(std::string_view text, TopicSettings& own);  // false: no such value
  std::string_view allowed;
  std::string_view documentation;
};

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<TimestampType> parse_kafka_timestamp_type(std::string_view text) {
  if (text == "CreateTime") return TimestampType::create_time;
  if (text == "LogAppendTime") return TimestampType::log_append_time;
  return std::nullopt;
}

std::string show_value(int64_t value) { return std::to_string(value); }
std::string show_value(double value) { return fmt::format("{}", value); }
std::string show_value(CleanupPolicy value) { return std::string(to_string(value)); }
std::string show_value(TopicCompression value) { return std::string(to_string(value)); }
std::string show_value(TimestampType value) {
  return value == TimestampType::log_append_time ? "LogAppendTime" : "CreateTime";
}

template <auto kOwn, auto kInForce, auto kParse>
constexpr Row row(std::string_view name, ConfigKind kind, std::string_view wide_name, std::string_view allowed,
                  std::string_view documentation) {
  return {name,
          kind,
          wide_name,
          [](const Values& values) { return show_value(values.*kInForce); },
          [](const TopicSettings& own) { return (own.*kOwn).has_value(); },
          [](TopicSettings& own) { (own.*kOwn).reset(); },
          [](std::string_view text, TopicSettings& own) {
            own.*kOwn = kParse(text);
            return (own.*kOwn).has_value();
          },
          allowed,
          documentation};
}

using Own = TopicSettings;
constexpr auto kInteger = parse_number<int64_t>;
constexpr std::string_view kWhole = "a whole number";

// By name.
constexpr Row kRows[] = {
    row<&Own::cleanup_policy, &Values::cleanup_policy, parse_cleanup_policy>(
        "cleanup.policy", ConfigKind::list, "log.cleanup.policy", "delete, compact or both",
        "delete: records go by age and size. compact: of each key the newest record is kept. The stream's: -compact."),
    row<&Own::compression, &Values::compression, parse_topic_compression>(
        "compression.type", ConfigKind::string, "compression.type", "producer, uncompressed, gzip, snappy, lz4 or zstd",
        "Accepted from Kafka's tools. Batches are kept as producers sent them, whatever it says."),
    row<&Own::delete_retention_ms, &Values::delete_retention_ms, kInteger>(
        "delete.retention.ms", ConfigKind::int64, "log.cleaner.delete.retention.ms", kWhole,
        "How long the record that deletes a key is kept after the older ones. The stream's: -deleteretention."),
    row<&Own::max_compaction_lag_ms, &Values::max_compaction_lag_ms, kInteger>(
        "max.compaction.lag.ms", ConfigKind::int64, "log.cleaner.max.compaction.lag.ms", kWhole,
        "Superseded records older than this are removed even if little is gained, within three times this time."),
    row<&Own::max_message_bytes, &Values::max_message_bytes, kInteger>(
        "max.message.bytes", ConfigKind::int32, "message.max.bytes", kWhole, "Largest record batch, as it is sent."),
    row<&Own::timestamp_type, &Values::timestamp_type, parse_kafka_timestamp_type>(
        "message.timestamp.type", ConfigKind::string, "log.message.timestamp.type", "CreateTime or LogAppendTime",
        "CreateTime: as the producer says. LogAppendTime: the server's clock. A topic keeps what its stream said "
        "(-defaulttimestamptype) when it was created."),
    row<&Own::min_cleanable_dirty_ratio, &Values::min_cleanable_dirty_ratio, parse_number<double>>(
        "min.cleanable.dirty.ratio", ConfigKind::float64, "log.cleaner.min.cleanable.ratio", "a number",
        "Accepted from Kafka's tools; it has no effect here: the topics of a stream are compacted together."),
    row<&Own::min_compaction_lag_ms, &Values::min_compaction_lag_ms, kInteger>(
        "min.compaction.lag.ms", ConfigKind::int64, "log.cleaner.min.compaction.lag.ms", kWhole,
        "Records younger than this are not compacted. The stream's: -mincompactionlag."),
    row<&Own::retention_bytes, &Values::retention_bytes, kInteger>(
        "retention.bytes", ConfigKind::int64, "log.retention.bytes", kWhole,
        "Of each partition at least so many bytes are kept, and older records go; -1: without limit."),
    row<&Own::retention_ms, &Values::retention_ms, kInteger>(
        "retention.ms", ConfigKind::int64, "log.retention.ms", kWhole,
        "How long records are kept, by their timestamps; -1: for ever. The stream's, by time of arrival: -ttl."),
    row<&Own::segment_bytes, &Values::segment_bytes, kInteger>(
        "segment.bytes", ConfigKind::int32, "log.segment.bytes", kWhole,
        "The topics of a stream share one log, whose segments have a size of their own."),
};

// How Kafka keeps its files, and how it spares itself work: nothing that a client could see. `only`: the one value that
// says what holds here.
struct NotedRow {
  std::string_view name;
  ConfigKind kind;
  std::string_view only;
};
constexpr std::string_view kNoTimeLimit = "9223372036854775807";
constexpr NotedRow kNotedRows[] = {
    {"compression.gzip.level", ConfigKind::int32, ""},
    {"compression.lz4.level", ConfigKind::int32, ""},
    {"compression.zstd.level", ConfigKind::int32, ""},
    {"file.delete.delay.ms", ConfigKind::int64, ""},
    {"flush.messages", ConfigKind::int64, ""},
    {"flush.ms", ConfigKind::int64, ""},
    {"follower.replication.throttled.replicas", ConfigKind::list, ""},
    {"index.interval.bytes", ConfigKind::int32, ""},
    {"leader.replication.throttled.replicas", ConfigKind::list, ""},
    {"local.retention.bytes", ConfigKind::int64, "-2"},
    {"local.retention.ms", ConfigKind::int64, "-2"},
    {"message.downconversion.enable", ConfigKind::boolean, ""},
    {"message.format.version", ConfigKind::string, ""},
    {"message.timestamp.after.max.ms", ConfigKind::int64, kNoTimeLimit},
    {"message.timestamp.before.max.ms", ConfigKind::int64, kNoTimeLimit},
    {"message.timestamp.difference.max.ms", ConfigKind::int64, kNoTimeLimit},
    {"min.insync.replicas", ConfigKind::int32, "1"},
    {"preallocate", ConfigKind::boolean, ""},
    {"remote.log.copy.disable", ConfigKind::boolean, "false"},
    {"remote.log.delete.on.disable", ConfigKind::boolean, "false"},
    {"remote.storage.enable", ConfigKind::boolean, "false"},
    {"segment.index.bytes", ConfigKind::int32, ""},
    {"segment.jitter.ms", ConfigKind::int64, ""},
    {"segment.ms", ConfigKind::int64, ""},
    {"unclean.leader.election.enable", ConfigKind::boolean, ""},
};
static_assert(std::size(kNotedRows) <= kNotedSettingsMax);
constexpr std::string_view kNoted = "Accepted from Kafka's tools; it has no effect here.";

const Row* find_row(std::string_view name) {
  const Row* found = std::ranges::find(kRows, name, &Row::name);
  return found == std::end(kRows) ? nullptr : found;
}
const NotedRow* find_noted(std::string_view name) {
  const NotedRow* found = std::ranges::find(kNotedRows, name, &NotedRow::name);
  return found == std::end(kNotedRows) ? nullptr : found;
}

Fault refused(std::string message) { return {KafkaError::invalid_config, std::move(message)}; }
Fault unknown(std::string_view name) { return refused(fmt::format("there is no topic setting {}", quoted(name))); }
Fault bad_value(std::string_view name, std::string_view value, std::string_view allowed) {
  return refused(fmt::format("{} cannot be {}; allowed is {}", name, quoted(value), allowed));
}

Fault note(const NotedRow& row, const std::string& value, TopicSettings& own) {
  if (!row.only.empty() && value != row.only) return bad_value(row.name, value, fmt::format("only {}", row.only));
  if (row.kind == ConfigKind::boolean && value != "true" && value != "false")
    return bad_value(row.name, value, "true or false");
  const bool number = row.kind == ConfigKind::int32 || row.kind == ConfigKind::int64;
  if (number && !parse_number<int64_t>(value)) return bad_value(row.name, value, kWhole);
  if (value.size() > kNotedValueBytesMax || !is_printable(value))
    return bad_value(row.name, value, fmt::format("at most {} bytes of printable text", kNotedValueBytesMax));
  auto place = std::ranges::lower_bound(own.noted, row.name, {}, [](const auto& pair) { return pair.first; });
  if (place == own.noted.end() || place->first != row.name)
    place = own.noted.emplace(place, std::string(row.name), std::string());
  place->second = value;
  return {};
}

Fault set_config(const std::string& name, const std::string& value, TopicSettings& own) {
  if (const Row* row = find_row(name)) return row->read(value, own) ? Fault{} : bad_value(name, value, row->allowed);
  const NotedRow* noted = find_noted(name);
  return noted != nullptr ? note(*noted, value, own) : unknown(name);
}

Fault reset_config(const std::string& name, TopicSettings& own) {
  if (const Row* row = find_row(name)) {
    row->reset(own);
  } else if (find_noted(name) != nullptr) {
    std::erase_if(own.noted, [&](const auto& pair) { return pair.first == name; });
  } else {
    return unknown(name);
  }
  return {};
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    word = word.substr(0, word.find_last_not_of(' ') + 1);
    if (!word.empty()) words.emplace_back(word);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return words;
}

// What an operation on a list makes of its present value.
std::string change_list(const std::string& present, const std::string& operand, bool append) {
  std::vector<std::string> words = split_list(present);
  for (const std::string& word : split_list(operand)) {
    const bool there = std::ranges::find(words, word) != words.end();
    if (append && !there) words.push_back(word);
    if (!append) std::erase(words, word);
  }
  return fmt::format("{}", fmt::join(words, ","));
}

Fault change_list_config(const ConfigChange& change, const Values& defaults, TopicSettings& own) {
  const Row* row = find_row(change.name);
  const NotedRow* noted = find_noted(change.name);
  if (row == nullptr && noted == nullptr) return unknown(change.name);
  if ((row != nullptr ? row->kind : noted->kind) != ConfigKind::list)
    return refused(fmt::format("{} is not a list: it can be set or deleted", change.name));
  std::string present;
  if (row != nullptr) present = row->show(effective_settings(&own, defaults));
  for (const auto& [name, value] : own.noted) {
    if (name == change.name) present = value;
  }
  return set_config(change.name, change_list(present, *change.value, change.operation == ConfigOperation::append), own);
}

Fault change_one(const ConfigChange& change, const Values& defaults, TopicSettings& own) {
  if (change.operation == ConfigOperation::remove) return reset_config(change.name, own);
  if (!change.value)
    return {KafkaError::invalid_request, fmt::format("a value is missing for {}", quoted(change.name))};
  switch (change.operation) {
    case ConfigOperation::set: return set_config(change.name, *change.value, own);
    case ConfigOperation::append:
    case ConfigOperation::subtract: return change_list_config(change, defaults, own);
    case ConfigOperation::remove: break;
  }
  return {KafkaError::invalid_request,
          fmt::format("there is no operation {} on settings; 0 sets, 1 deletes, 2 appends, 3 subtracts",
                      static_cast<int>(change.operation))};
}

Fault check(const TopicSettings& own) {
  Status checked = own.check();
  return checked ? Fault{} : refused(checked.error().message);
}

ConfigEntry describe(const Row& row, const TopicSettings* own, const Values& defaults, TimestampType stamped) {
  Values in_force = effective_settings(own, defaults);
  in_force.timestamp_type = stamped;
  ConfigEntry entry{
      std::string(row.name), row.show(in_force), row.kind, ConfigSource::standard, false, row.documentation, {}};
  const std::string standard = row.show(Values());
  const std::string wide = row.show(defaults);
  if ((own != nullptr && row.is_set(*own)) || entry.value != wide)
    entry.synonyms.push_back({entry.name, entry.value, ConfigSource::topic});
  if (wide != standard) entry.synonyms.push_back({std::string(row.wide_name), wide, ConfigSource::static_broker});
  entry.synonyms.push_back({std::string(row.wide_name), standard, ConfigSource::standard});
  entry.source = entry.synonyms.front().source;
  return entry;
}

}  // namespace

EffectiveTopicSettings topic_defaults(const StreamSettings& stream, size_t batch_bytes_max) {
  EffectiveTopicSettings defaults = default_topic_settings(stream);
  defaults.max_message_bytes = static_cast<int64_t>(batch_bytes_max);
  return defaults;
}

Fault read_topic_configs(const ConfigPairs& given, const EffectiveTopicSettings& defaults, TopicSettings& out) {
  std::vector<ConfigChange> changes;
  for (const auto& [name, value] : given) {
    changes.push_back({value ? ConfigOperation::set : ConfigOperation::remove, name, value});
  }
  return change_topic_configs(changes, defaults, out);
}

Fault change_topic_configs(const std::vector<ConfigChange>& changes, const EffectiveTopicSettings& defaults,
                           TopicSettings& own) {
  std::vector<std::string_view> names;
  for (const ConfigChange& change : changes) {
    Fault fault = change_one(change, defaults, own);
    if (!fault.ok()) return fault;
    names.push_back(change.name);
  }
  std::ranges::sort(names);
  if (auto twice = std::ranges::adjacent_find(names); twice != names.end())
    return {KafkaError::invalid_request, fmt::format("the request names {} more than once", *twice)};
  return check(own);
}

std::vector<ConfigEntry> describe_topic_configs(const TopicSettings* own, TimestampType stamped,
                                                const EffectiveTopicSettings& defaults) {
  std::vector<ConfigEntry> entries;
  for (const Row& row : kRows) entries.push_back(describe(row, own, defaults, stamped));
  if (own == nullptr) return entries;
  for (const auto& [name, value] : own->noted) {
    const NotedRow* row = find_noted(name);
    const ConfigKind kind = row == nullptr ? ConfigKind::string : row->kind;
    ConfigEntry entry{name, value, kind, ConfigSource::topic, false, kNoted, {{name, value, ConfigSource::topic}}};
    entries.insert(std::ranges::lower_bound(entries, name, {}, &ConfigEntry::name), std::move(entry));
  }
  return entries;
}

}  // namespace distributary
