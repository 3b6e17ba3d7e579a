#include "model/topic_settings.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "model/entry_payload.h"
#include "model/stream_settings.h"

namespace distributary {
namespace {

// Every field is set, and none as any default has it.
TopicSettings unusual_topic() {
  TopicSettings s;
  s.cleanup_policy = CleanupPolicy::compact_and_remove;
  s.retention_ms = -1;
  s.retention_bytes = 1 << 30;
  s.segment_bytes = 1 << 20;
  s.max_message_bytes = 2 << 20;
  s.timestamp_type = TimestampType::log_append_time;
  s.min_compaction_lag_ms = 5;
  s.max_compaction_lag_ms = 6;
  s.delete_retention_ms = 7;
  s.compression = TopicCompression::zstd;
  s.min_cleanable_dirty_ratio = 0.25;
  s.noted = {{"flush.ms", "8"}, {"segment.ms", "9"}};
  return s;
}

TEST(TopicSettings, WhatIsSetIsStoredAndNothingElse) {
  TopicSettings s = unusual_topic();
  EXPECT_TRUE(s.check());
  EXPECT_EQ(decode_topic_settings(encode_topic_settings(s)).value(), s);
  EXPECT_EQ(decode_topic_settings(encode_topic_settings({})).value(), TopicSettings());
  EXPECT_EQ(encode_topic_settings({}).size(), 2u);
  EXPECT_TRUE(TopicSettings().empty());
  EXPECT_FALSE(s.empty());
  TopicSettings one;
  one.retention_ms = 0;
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(decode_topic_settings(encode_topic_settings(one)).value(), one);
}

TEST(TopicSettings, PrefixesAndStrayBytesAreCorrupt) {
  std::vector<uint8_t> bytes = encode_topic_settings(unusual_topic());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(decode_topic_settings(ByteView(bytes).first(length)).error().code, ErrorCode::corrupt) << length;
  }
  bytes.push_back(0);
  EXPECT_EQ(decode_topic_settings(bytes).error().code, ErrorCode::corrupt);
}

std::vector<uint8_t> fields(const std::vector<std::pair<uint64_t, std::vector<uint8_t>>>& fields) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u8(1);
  out.varint(fields.size());
  for (const auto& [tag, value] : fields) {
    out.varint(tag);
    out.bytes(value);
  }
  return bytes;
}

TEST(TopicSettings, ValuesThatMeanNothingAreCorrupt) {
  const std::vector<std::vector<uint8_t>> kBad = {
      fields({{1, {4}}}),                              // no such policy
      fields({{2, {3}}}),                              // retention.ms -2
      fields({{2, {2, 2}}}),                           // a byte too many
      fields({{4, {1}}, {2, {1}}}),                    // out of order
      fields({{2, {2}}, {2, {2}}}),                    // twice
      fields({{11, {0, 0, 0, 0, 0, 0, 0xf8, 0x7f}}}),  // not a number
      fields({{12, {0}}}),                             // none noted
      fields({{12, {2, 1, 'b', 0, 1, 'a', 0}}}),       // not ascending
  };
  for (size_t i = 0; i < kBad.size(); ++i) {
    Result<TopicSettings> decoded = decode_topic_settings(kBad[i]);
    ASSERT_FALSE(decoded.has_value()) << i;
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt) << i;
  }
}

TEST(TopicSettings, WhatANewerBuildWroteIsNamed) {
  Error tag = decode_topic_settings(fields({{2, {2}}, {99, {1}}})).error();
  EXPECT_EQ(tag.code, ErrorCode::unsupported);
  EXPECT_NE(tag.message.find("99"), std::string::npos);
  std::vector<uint8_t> bytes = encode_topic_settings({});
  bytes[0] = 2;
  EXPECT_EQ(decode_topic_settings(bytes).error().code, ErrorCode::unsupported);
}

TEST(TopicSettings, RangesAreNamed) {
  TopicSettings s;
  s.max_message_bytes = kMessageBytesMax + 1;
  EXPECT_NE(s.check().error().message.find("max.message.bytes"), std::string::npos);
  s = {};
  s.min_cleanable_dirty_ratio = 1.5;
  EXPECT_NE(s.check().error().message.find("min.cleanable.dirty.ratio"), std::string::npos);
  s = {};
  s.noted = {{"x", std::string(kNotedValueBytesMax + 1, 'v')}};
  EXPECT_EQ(s.check().error().code, ErrorCode::invalid_argument);
}

TEST(TopicSettings, TheTopicCountsBeforeItsStreamAndTheStreamBeforeTheDefaults) {
  StreamSettings stream;
  stream.ttl_seconds = 60;
  stream.compact = true;
  stream.timestamp_type = TimestampType::log_append_time;
  stream.min_compaction_lag_ms = 11;
  stream.delete_retention_ms = 12;
  EffectiveTopicSettings untouched = effective_settings(nullptr, stream);
  EXPECT_EQ(untouched.retention_ms, 60'000);
  EXPECT_EQ(untouched.cleanup_policy, CleanupPolicy::compact);
  EXPECT_EQ(untouched.timestamp_type, TimestampType::log_append_time);
  EXPECT_EQ(untouched.min_compaction_lag_ms, 11);
  EXPECT_EQ(untouched.delete_retention_ms, 12);
  EXPECT_EQ(untouched.retention_bytes, -1);
  EXPECT_FALSE(untouched.limited());
  stream.ttl_seconds = 0;
  EXPECT_EQ(effective_settings(nullptr, stream).retention_ms, -1);
  TopicSettings own = unusual_topic();
  EffectiveTopicSettings set = effective_settings(&own, stream);
  EXPECT_EQ(set.cleanup_policy, CleanupPolicy::compact_and_remove);
  EXPECT_EQ(set.retention_ms, -1);
  EXPECT_EQ(set.retention_bytes, 1 << 30);
  EXPECT_EQ(set.segment_bytes, 1 << 20);
  EXPECT_EQ(set.max_message_bytes, 2 << 20);
  EXPECT_EQ(set.min_compaction_lag_ms, 5);
  EXPECT_EQ(set.max_compaction_lag_ms, 6);
  EXPECT_EQ(set.delete_retention_ms, 7);
  EXPECT_EQ(set.compression, TopicCompression::zstd);
  EXPECT_EQ(set.min_cleanable_dirty_ratio, 0.25);
  EXPECT_TRUE(set.limited());
}

TEST(TopicSettings, WordsAreKafkas) {
  EXPECT_EQ(parse_cleanup_policy("delete"), CleanupPolicy::remove);
  EXPECT_EQ(parse_cleanup_policy("compact"), CleanupPolicy::compact);
  EXPECT_EQ(parse_cleanup_policy("delete, compact"), CleanupPolicy::remove_and_compact);
  EXPECT_EQ(parse_cleanup_policy("compact,delete"), CleanupPolicy::compact_and_remove);
  for (const char* bad : {"", "compact,", ",delete", "Delete", "keep"}) EXPECT_FALSE(parse_cleanup_policy(bad)) << bad;
  EXPECT_EQ(to_string(CleanupPolicy::compact_and_remove), "compact,delete");
  EXPECT_EQ(to_string(CleanupPolicy::remove_and_compact), "delete,compact");
  EXPECT_TRUE(compacts(CleanupPolicy::remove_and_compact) && removes(CleanupPolicy::remove_and_compact));
  EXPECT_EQ(parse_topic_compression("uncompressed"), TopicCompression::none);
  EXPECT_EQ(parse_topic_compression("lzf"), std::nullopt);
  EXPECT_EQ(to_string(TopicCompression::zstd), "zstd");
}

TEST(TopicSettings, EntriesCarryThemAndUntouchedTopicsAreAsBefore) {
  TopicCreated plain{"clicks", 12, Uuid::from_random({1}), TimestampType::create_time, {}};
  TopicCreated touched = plain;
  touched.settings = unusual_topic();
  EXPECT_EQ(TopicCreated::decode(plain.encode()).value(), plain);
  EXPECT_EQ(TopicCreated::decode(touched.encode()).value(), touched);
  EXPECT_EQ(plain.encode().size(), 1 + 6 + 4 + 16 + 1u);
  TopicAltered altered{24, TimestampType::create_time, unusual_topic()};
  EXPECT_EQ(TopicAltered::decode(altered.encode()).value(), altered);
  EXPECT_EQ((TopicAltered{24, TimestampType::create_time, {}}).encode().size(), 5u);
  std::vector<uint8_t> bytes = altered.encode();
  for (size_t length = 6; length < bytes.size(); ++length) {
    EXPECT_EQ(TopicAltered::decode(ByteView(bytes).first(length)).error().code, ErrorCode::corrupt) << length;
  }
}

}  // namespace
}  // namespace distributary
