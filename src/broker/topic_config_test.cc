#include "broker/topic_config.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/stream_settings.h"

namespace distributary {
namespace {

constexpr size_t kBatchBytes = 10 << 20;

EffectiveTopicSettings defaults(const StreamSettings& stream = {}) { return topic_defaults(stream, kBatchBytes); }

ConfigChange set(std::string name, std::string value) {
  return {ConfigOperation::set, std::move(name), std::move(value)};
}

Fault apply(TopicSettings& own, std::vector<ConfigChange> changes) {
  return change_topic_configs(changes, defaults(), own);
}

KafkaError one(std::string name, std::string value) {
  TopicSettings own;
  return apply(own, {set(std::move(name), std::move(value))}).error;
}

const ConfigEntry* find(const std::vector<ConfigEntry>& entries, std::string_view name) {
  auto found = std::ranges::find(entries, name, &ConfigEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

TEST(TopicConfig, EverySettingIsSetShownAndGivenBack) {
  const std::pair<const char*, const char*> kSettings[] = {
      {"cleanup.policy", "compact,delete"},
      {"compression.type", "gzip"},
      {"delete.retention.ms", "1"},
      {"flush.ms", "2"},
      {"max.compaction.lag.ms", "3"},
      {"max.message.bytes", "4"},
      {"message.timestamp.type", "LogAppendTime"},
      {"min.cleanable.dirty.ratio", "0.125"},
      {"min.compaction.lag.ms", "5"},
      {"min.insync.replicas", "1"},
      {"retention.bytes", "6"},
      {"retention.ms", "-1"},
      {"segment.bytes", "1048576"},
      {"unclean.leader.election.enable", "true"},
  };
  for (const auto& [name, value] : kSettings) {
    TopicSettings own;
    ASSERT_TRUE(apply(own, {set(name, value)}).ok()) << name;
    EXPECT_FALSE(own.empty()) << name;
    TimestampType stamped = own.timestamp_type.value_or(TimestampType::create_time);
    std::vector<ConfigEntry> entries = describe_topic_configs(&own, stamped, defaults());
    EXPECT_TRUE(std::ranges::is_sorted(entries, {}, &ConfigEntry::name)) << name;
    const ConfigEntry* entry = find(entries, name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_EQ(entry->value, value) << name;
    EXPECT_EQ(entry->source, ConfigSource::topic) << name;
    EXPECT_FALSE(entry->read_only) << name;
    EXPECT_FALSE(entry->documentation.empty()) << name;
    EXPECT_EQ(entry->synonyms.front().name, name);
    ASSERT_TRUE(apply(own, {{ConfigOperation::remove, name, std::nullopt}}).ok()) << name;
    EXPECT_TRUE(own.empty()) << name;
  }
}

TEST(TopicConfig, WhatWouldNotHoldIsRefused) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"cleanup.policy", "keep"},
                                                        {"cleanup.policy", ""},
                                                        {"compression.type", "rar"},
                                                        {"max.message.bytes", "99999999999"},
                                                        {"message.timestamp.type", "createtime"},
                                                        {"message.timestamp.before.max.ms", "1000"},
                                                        {"min.cleanable.dirty.ratio", "1.5"},
                                                        {"min.insync.replicas", "2"},
                                                        {"remote.storage.enable", "true"},
                                                        {"retention.ms", "-2"},
                                                        {"retention.ms", "1h"},
                                                        {"retention.ms", ""},
                                                        {"segment.ms", "soon"},
                                                        {"preallocate", "yes"},
                                                        {"no.such.setting", "1"}}) {
    EXPECT_EQ(one(name, value), KafkaError::invalid_config) << name << "=" << value;
  }
  EXPECT_EQ(one("follower.replication.throttled.replicas", std::string(kNotedValueBytesMax + 1, '1')),
            KafkaError::invalid_config);
  TopicSettings own;
  Fault fault = apply(own, {set("retention.ms", "-2")});
  EXPECT_NE(fault.message.find("retention.ms"), std::string::npos);
  EXPECT_NE(fault.message.find("-1"), std::string::npos);
}

TEST(TopicConfig, ListsGrowAndShrinkFromWhatIsInForce) {
  TopicSettings own;
  ASSERT_TRUE(apply(own, {{ConfigOperation::append, "cleanup.policy", "compact"}}).ok());
  EXPECT_EQ(own.cleanup_policy, CleanupPolicy::remove_and_compact);
  ASSERT_TRUE(apply(own, {{ConfigOperation::subtract, "cleanup.policy", "delete"}}).ok());
  EXPECT_EQ(own.cleanup_policy, CleanupPolicy::compact);
  EXPECT_EQ(apply(own, {{ConfigOperation::subtract, "cleanup.policy", "compact"}}).error, KafkaError::invalid_config);
  EXPECT_EQ(apply(own, {{ConfigOperation::append, "retention.ms", "1"}}).error, KafkaError::invalid_config);
  EXPECT_EQ(apply(own, {{ConfigOperation::append, "no.such.setting", "1"}}).error, KafkaError::invalid_config);
  const std::string throttled = "leader.replication.throttled.replicas";
  own = {};
  ASSERT_TRUE(apply(own, {set(throttled, "0:1")}).ok());
  ASSERT_TRUE(apply(own, {{ConfigOperation::append, throttled, "1:1"}}).ok());
  EXPECT_EQ(own.noted.front().second, "0:1,1:1");
}

TEST(TopicConfig, RequestsThatMakeNoSenseAreRefusedAsSuch) {
  TopicSettings own;
  EXPECT_EQ(apply(own, {{ConfigOperation::set, "retention.ms", std::nullopt}}).error, KafkaError::invalid_request);
  EXPECT_EQ(apply(own, {{static_cast<ConfigOperation>(9), "retention.ms", "1"}}).error, KafkaError::invalid_request);
  EXPECT_EQ(apply(own, {set("retention.ms", "1"), set("retention.ms", "2")}).error, KafkaError::invalid_request);
}

TEST(TopicConfig, NewTopicsTakeNullForTheDefault) {
  TopicSettings own;
  ASSERT_TRUE(read_topic_configs({{"retention.ms", std::nullopt}, {"segment.bytes", "1048576"}}, defaults(), own).ok());
  EXPECT_FALSE(own.retention_ms.has_value());
  EXPECT_EQ(own.segment_bytes, 1 << 20);
}

TEST(TopicConfig, WhatFollowsTheStreamIsShownAsSuch) {
  StreamSettings stream;
  std::vector<ConfigEntry> entries = describe_topic_configs(nullptr, TimestampType::create_time, defaults(stream));
  for (const ConfigEntry& entry : entries) {
    EXPECT_EQ(entry.source, ConfigSource::standard) << entry.name;
    EXPECT_EQ(entry.synonyms.size(), 1u) << entry.name;
  }
  stream.ttl_seconds = 0;
  stream.compact = true;
  stream.timestamp_type = TimestampType::log_append_time;
  stream.min_compaction_lag_ms = 11;
  stream.delete_retention_ms = 12;
  entries = describe_topic_configs(nullptr, TimestampType::log_append_time, defaults(stream));
  const std::pair<const char*, const char*> kExpected[] = {{"retention.ms", "-1"},
                                                           {"cleanup.policy", "compact"},
                                                           {"message.timestamp.type", "LogAppendTime"},
                                                           {"min.compaction.lag.ms", "11"},
                                                           {"delete.retention.ms", "12"}};
  for (const auto& [name, value] : kExpected) {
    const ConfigEntry* entry = find(entries, name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_EQ(entry->value, value);
    EXPECT_EQ(entry->source, ConfigSource::static_broker) << name;
    ASSERT_EQ(entry->synonyms.size(), 2u) << name;
    EXPECT_EQ(entry->synonyms[0].value, value);
    EXPECT_EQ(entry->synonyms[1].source, ConfigSource::standard);
  }
  TopicSettings own;
  own.retention_ms = 5;
  const std::vector<ConfigEntry> with_own =
      describe_topic_configs(&own, TimestampType::log_append_time, defaults(stream));
  const ConfigEntry* entry = find(with_own, "retention.ms");
  ASSERT_EQ(entry->synonyms.size(), 3u);
  EXPECT_EQ(entry->synonyms[0].name, "retention.ms");
  EXPECT_EQ(entry->synonyms[1].name, "log.retention.ms");
  EXPECT_EQ(entry->synonyms[1].value, "-1");
  EXPECT_EQ(entry->synonyms[2].value, "604800000");
}

// A topic keeps the type that its stream named when it was created.
TEST(TopicConfig, ATimestampTypeOfBeforeIsTheTopicsOwn) {
  std::vector<ConfigEntry> entries = describe_topic_configs(nullptr, TimestampType::log_append_time, defaults());
  EXPECT_EQ(find(entries, "message.timestamp.type")->value, "LogAppendTime");
  EXPECT_EQ(find(entries, "message.timestamp.type")->source, ConfigSource::topic);
}

}  // namespace
}  // namespace distributary
