// The settings of one topic: what Kafka calls its configs. A field that is unset follows the stream. Part of the
// stream's history (TopicCreated, TopicAltered), so a replica has the same ones; `effective_settings` says what is in
// force where it runs.
//
// Values only: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/record_batch.h"

namespace distributary {

struct StreamSettings;

// cleanup.policy. remove: by age and size ("delete" in Kafka). compact: of each key the newest record is kept. Both do
// the same in either order; whoever set them sees them again in the order they were given.
enum class CleanupPolicy : uint8_t { remove = 0, compact = 1, compact_and_remove = 2, remove_and_compact = 3 };
constexpr bool compacts(CleanupPolicy policy) { return policy != CleanupPolicy::remove; }
constexpr bool removes(CleanupPolicy policy) { return policy != CleanupPolicy::compact; }

// compression.type. producer: batches are kept as they were sent.
enum class TopicCompression : uint8_t { producer = 0, none = 1, gzip = 2, snappy = 3, lz4 = 4, zstd = 5 };

inline constexpr size_t kTopicSettingsBytesMax = 16 << 10;  // encoded
inline constexpr size_t kNotedSettingsMax = 32;
inline constexpr size_t kNotedNameBytesMax = 64;
inline constexpr size_t kNotedValueBytesMax = 256;
inline constexpr int64_t kMessageBytesMax = 32 << 20;  // of max.message.bytes: a batch and its header fit in an entry

struct TopicSettings {
  std::optional<CleanupPolicy> cleanup_policy;
  std::optional<int64_t> retention_ms;     // -1: for ever
  std::optional<int64_t> retention_bytes;  // of each partition, as stored; -1: without limit
  std::optional<int64_t> segment_bytes;
  std::optional<int64_t> max_message_bytes;     // of a record batch, as sent
  std::optional<TimestampType> timestamp_type;  // when set, Topic::timestamp_type has the same
  std::optional<int64_t> min_compaction_lag_ms;
  std::optional<int64_t> max_compaction_lag_ms;
  std::optional<int64_t> delete_retention_ms;  // of a tombstone
  std::optional<TopicCompression> compression;
  std::optional<double> min_cleanable_dirty_ratio;  // 0 to 1
  // Settings that were asked for and mean nothing here (they tune how Kafka keeps its files), kept because whoever set
  // them wants to see them again. Ascending by name, each once.
  std::vector<std::pair<std::string, std::string>> noted;

  bool operator==(const TopicSettings&) const = default;
  // Nothing is set: the topic follows its stream.
  bool empty() const { return *this == TopicSettings(); }
  // Errors: invalid_argument; the message names the setting by Kafka's name, and its range.
  Status check() const;
};

// Stored form: version u8, varint count, and per set field its tag (varint, ascending) and value (length and bytes).
// Equal settings give equal bytes. Errors: unsupported (a version or tag of a newer build), corrupt (malformed, or
// anything that `check` would not accept).
std::vector<uint8_t> encode_topic_settings(const TopicSettings& settings);
Result<TopicSettings> decode_topic_settings(ByteView bytes);

// What is in force: every field has a value.
struct EffectiveTopicSettings {
  CleanupPolicy cleanup_policy = CleanupPolicy::remove;
  int64_t retention_ms = 604'800'000;  // -1: for ever
  int64_t retention_bytes = -1;
  int64_t segment_bytes = 256 << 20;
  int64_t max_message_bytes = 10 << 20;  // the broker's own limit (message.max.bytes) goes here
  TimestampType timestamp_type = TimestampType::create_time;
  int64_t min_compaction_lag_ms = 0;
  int64_t max_compaction_lag_ms = INT64_MAX;
  int64_t delete_retention_ms = 86'400'000;
  TopicCompression compression = TopicCompression::producer;
  double min_cleanable_dirty_ratio = 0.5;

  bool operator==(const EffectiveTopicSettings&) const = default;
  // Records go by age or size.
  bool limited() const { return removes(cleanup_policy) && (retention_ms >= 0 || retention_bytes >= 0); }
};

// For a topic of this stream that says nothing of its own.
EffectiveTopicSettings default_topic_settings(const StreamSettings& stream);
// The topic's own (null: none) over `defaults`.
EffectiveTopicSettings effective_settings(const TopicSettings* topic, EffectiveTopicSettings defaults);
// Both in one: topic over stream over what holds everywhere.
EffectiveTopicSettings effective_settings(const TopicSettings* topic, const StreamSettings& stream);

// Kafka's words: "delete", "compact", "compact,delete"; "producer", "uncompressed", "gzip", ...
std::string_view to_string(CleanupPolicy policy);
std::string_view to_string(TopicCompression compression);
// nullopt for other words. A policy's words may be repeated.
std::optional<CleanupPolicy> parse_cleanup_policy(std::string_view text);
std::optional<TopicCompression> parse_topic_compression(std::string_view text);

}  // namespace distributary
