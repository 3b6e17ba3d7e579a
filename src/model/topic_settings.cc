#include "model/topic_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/coding.h"
#include "model/stream_settings.h"

namespace distributary {
namespace {

constexpr uint8_t kTopicSettingsVersion = 1;
constexpr std::array<std::string_view, 4> kPolicies = {"delete", "compact", "compact,delete", "delete,compact"};
constexpr std::array<std::string_view, 6> kTopicCompressions = {"producer", "uncompressed", "gzip",
                                                                "snappy",   "lz4",          "zstd"};

// Numbers of the stored form: never used again for another field.
enum Tag : uint64_t {
  cleanup_policy = 1,
  retention_ms = 2,
  retention_bytes = 3,
  segment_bytes = 4,
  max_message_bytes = 5,
  timestamp_type = 6,
  min_compaction_lag_ms = 7,
  max_compaction_lag_ms = 8,
  delete_retention_ms = 9,
  compression = 10,
  min_cleanable_dirty_ratio = 11,
  noted = 12,
};

struct Number {
  Tag tag;
  std::optional<int64_t> TopicSettings::*field;
  std::string_view name;
  int64_t min;
  int64_t max;
};
constexpr Number kNumbers[] = {
    {retention_ms, &TopicSettings::retention_ms, "retention.ms", -1, INT64_MAX},
    {retention_bytes, &TopicSettings::retention_bytes, "retention.bytes", -1, INT64_MAX},
    {segment_bytes, &TopicSettings::segment_bytes, "segment.bytes", 14, INT32_MAX},
    {max_message_bytes, &TopicSettings::max_message_bytes, "max.message.bytes", 0, kMessageBytesMax},
    {min_compaction_lag_ms, &TopicSettings::min_compaction_lag_ms, "min.compaction.lag.ms", 0, INT64_MAX},
    {max_compaction_lag_ms, &TopicSettings::max_compaction_lag_ms, "max.compaction.lag.ms", 1, INT64_MAX},
    {delete_retention_ms, &TopicSettings::delete_retention_ms, "delete.retention.ms", 0, INT64_MAX},
};

// Fields by tag, each as its own bytes.
class FieldWriter {
 public:
  template <class Put>
  void field(Tag tag, Put put) {
    std::vector<uint8_t> value;
    Encoder out(value);
    put(out);
    fields_.push_back({tag, std::move(value)});
  }
  std::vector<uint8_t> finish() {
    std::ranges::sort(fields_, {}, [](const auto& field) { return field.first; });
    std::vector<uint8_t> bytes;
    Encoder out(bytes);
    out.u8(kTopicSettingsVersion);
    out.varint(fields_.size());
    for (const auto& [tag, value] : fields_) {
      out.varint(tag);
      out.bytes(value);
    }
    return bytes;
  }

 private:
  std::vector<std::pair<Tag, std::vector<uint8_t>>> fields_;
};

template <class Enum>
void read_topic_enum(Decoder& in, size_t words, std::optional<Enum>& out) {
  uint8_t value = in.u8();
  if (value >= words) in.fail();
  out = static_cast<Enum>(value);
}

void read_noted(Decoder& in, std::vector<std::pair<std::string, std::string>>& out) {
  uint64_t count = in.varint();
  if (count == 0 || count > kNotedSettingsMax) in.fail();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string name = in.text();
    out.emplace_back(std::move(name), in.text());
  }
}

// False: no field has this tag.
bool read_field(uint64_t tag, Decoder& in, TopicSettings& out) {
  for (const Number& number : kNumbers) {
    if (number.tag != tag) continue;
    out.*number.field = in.zigzag();
    return true;
  }
  switch (tag) {
    case cleanup_policy: read_topic_enum(in, kPolicies.size(), out.cleanup_policy); return true;
    case timestamp_type: read_topic_enum(in, 2, out.timestamp_type); return true;
    case compression: read_topic_enum(in, kTopicCompressions.size(), out.compression); return true;
    case min_cleanable_dirty_ratio: out.min_cleanable_dirty_ratio = std::bit_cast<double>(in.u64()); return true;
    case noted: read_noted(in, out.noted); return true;
    default: return false;
  }
}

Error damaged() { return Error{ErrorCode::corrupt, "the settings of a topic are malformed"}; }

Status check_noted(const std::vector<std::pair<std::string, std::string>>& noted) {
  bool fits = noted.size() <= kNotedSettingsMax;
  for (size_t i = 0; i < noted.size(); ++i) {
    const auto& [name, value] = noted[i];
    fits = fits && !name.empty() && name.size() <= kNotedNameBytesMax && value.size() <= kNotedValueBytesMax;
    fits = fits && (i == 0 || noted[i - 1].first < name);
  }
  if (fits) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("a topic keeps at most {} settings without effect, with values of at most {} bytes",
                          kNotedSettingsMax, kNotedValueBytesMax));
}

}  // namespace

Status TopicSettings::check() const {
  for (const Number& number : kNumbers) {
    const std::optional<int64_t>& value = this->*number.field;
    if (!value || (*value >= number.min && *value <= number.max)) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} cannot be {}; allowed are {} to {}", number.name, *value, number.min, number.max));
  }
  if (min_cleanable_dirty_ratio && !(*min_cleanable_dirty_ratio >= 0 && *min_cleanable_dirty_ratio <= 1)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("min.cleanable.dirty.ratio cannot be {}; allowed are 0 to 1", *min_cleanable_dirty_ratio));
  }
  return check_noted(noted);
}

std::vector<uint8_t> encode_topic_settings(const TopicSettings& settings) {
  FieldWriter fields;
  auto word = [&](Tag tag, const auto& value) {
    if (value) fields.field(tag, [&](Encoder& out) { out.u8(static_cast<uint8_t>(*value)); });
  };
  for (const Number& number : kNumbers) {
    const std::optional<int64_t>& value = settings.*number.field;
    if (value) fields.field(number.tag, [&](Encoder& out) { out.zigzag(*value); });
  }
  word(cleanup_policy, settings.cleanup_policy);
  word(timestamp_type, settings.timestamp_type);
  word(compression, settings.compression);
  if (settings.min_cleanable_dirty_ratio) {
    fields.field(min_cleanable_dirty_ratio,
                 [&](Encoder& out) { out.u64(std::bit_cast<uint64_t>(*settings.min_cleanable_dirty_ratio)); });
  }
  if (!settings.noted.empty()) {
    fields.field(noted, [&](Encoder& out) {
      out.varint(settings.noted.size());
      for (const auto& [name, value] : settings.noted) {
        out.text(name);
        out.text(value);
      }
    });
  }
  return fields.finish();
}

Result<TopicSettings> decode_topic_settings(ByteView bytes) {
  Decoder in(bytes);
  uint8_t version = in.u8();
  if (in.ok() && version != kTopicSettingsVersion) {
    return fail(ErrorCode::unsupported, fmt::format("settings of a topic of version {}; this build reads version {}",
                                                    version, kTopicSettingsVersion));
  }
  TopicSettings out;
  uint64_t count = in.varint();
  if (bytes.size() > kTopicSettingsBytesMax) in.fail();
  for (uint64_t last = 0; count > 0 && in.ok(); --count) {
    uint64_t tag = in.varint();
    Decoder value(in.bytes());
    if (!in.ok() || tag <= last) return fail(damaged());
    if (!read_field(tag, value, out)) {
      return fail(
          ErrorCode::unsupported,
          fmt::format("the settings of a topic have a field {} that this build does not know; use a newer one", tag));
    }
    if (!value.done()) return fail(damaged());
    last = tag;
  }
  if (!in.done() || !out.check()) return fail(damaged());
  return out;
}

EffectiveTopicSettings default_topic_settings(const StreamSettings& stream) {
  EffectiveTopicSettings out;
  out.cleanup_policy = stream.compact ? CleanupPolicy::compact : CleanupPolicy::remove;
  out.retention_ms = stream.ttl_seconds == 0 ? -1 : stream.ttl_seconds * 1000;
  out.timestamp_type = stream.timestamp_type;
  out.min_compaction_lag_ms = stream.min_compaction_lag_ms;
  out.delete_retention_ms = stream.delete_retention_ms;
  return out;
}

EffectiveTopicSettings effective_settings(const TopicSettings* topic, EffectiveTopicSettings defaults) {
  EffectiveTopicSettings out = defaults;
  if (topic == nullptr) return out;
  out.cleanup_policy = topic->cleanup_policy.value_or(defaults.cleanup_policy);
  out.retention_ms = topic->retention_ms.value_or(defaults.retention_ms);
  out.retention_bytes = topic->retention_bytes.value_or(defaults.retention_bytes);
  out.segment_bytes = topic->segment_bytes.value_or(defaults.segment_bytes);
  out.max_message_bytes = topic->max_message_bytes.value_or(defaults.max_message_bytes);
  out.timestamp_type = topic->timestamp_type.value_or(defaults.timestamp_type);
  out.min_compaction_lag_ms = topic->min_compaction_lag_ms.value_or(defaults.min_compaction_lag_ms);
  out.max_compaction_lag_ms = topic->max_compaction_lag_ms.value_or(defaults.max_compaction_lag_ms);
  out.delete_retention_ms = topic->delete_retention_ms.value_or(defaults.delete_retention_ms);
  out.compression = topic->compression.value_or(defaults.compression);
  out.min_cleanable_dirty_ratio = topic->min_cleanable_dirty_ratio.value_or(defaults.min_cleanable_dirty_ratio);
  return out;
}

EffectiveTopicSettings effective_settings(const TopicSettings* topic, const StreamSettings& stream) {
  return effective_settings(topic, default_topic_settings(stream));
}

std::string_view to_string(CleanupPolicy policy) { return kPolicies[static_cast<size_t>(policy)]; }
std::string_view to_string(TopicCompression compression) {
  return kTopicCompressions[static_cast<size_t>(compression)];
}

std::optional<CleanupPolicy> parse_cleanup_policy(std::string_view text) {
  std::optional<CleanupPolicy> policy;
  for (;;) {
    const size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    word = word.substr(0, word.find_last_not_of(' ') + 1);
    if (word != "compact" && word != "delete") return std::nullopt;
    if (!policy) {
      policy = word == "compact" ? CleanupPolicy::compact : CleanupPolicy::remove;
    } else if (policy == CleanupPolicy::compact && word == "delete") {
      policy = CleanupPolicy::compact_and_remove;
    } else if (policy == CleanupPolicy::remove && word == "compact") {
      policy = CleanupPolicy::remove_and_compact;
    }
    if (comma == std::string_view::npos) return policy;
    text.remove_prefix(comma + 1);
  }
}

std::optional<TopicCompression> parse_topic_compression(std::string_view text) {
  auto found = std::ranges::find(kTopicCompressions, text);
  if (found == kTopicCompressions.end()) return std::nullopt;
  return static_cast<TopicCompression>(found - kTopicCompressions.begin());
}

}  // namespace distributary
