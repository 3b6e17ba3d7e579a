#include "model/stream_settings.h"

#include <gtest/gtest.h>

#include "base/coding.h"

namespace distributary {
namespace {

// No field has its default.
StreamSettings unusual_stream() {
  StreamSettings s;
  s.ttl_seconds = 0;
  s.autocreate = false;
  s.default_partitions = 12;
  s.compression = StreamCompression::zlib;
  s.produce_permission = AccessExpression::only_user("a");
  s.consume_permission = AccessExpression::everyone();
  s.topic_permission = AccessExpression::only_user("b");
  s.copy_permission = AccessExpression::only_user("c");
  s.admin_permission = AccessExpression::only_user("d");
  s.is_changelog = true;
  s.timestamp_type = TimestampType::log_append_time;
  s.compact = true;
  s.min_compaction_lag_ms = 5;
  s.delete_retention_ms = 6;
  s.pid_expiry_seconds = 70;
  s.durability = Durability::async;
  return s;
}

TEST(StreamSettings, DefaultsAreTheDocumentedOnes) {
  StreamSettings s = StreamSettings::for_creator("ann");
  EXPECT_TRUE(s.check());
  EXPECT_EQ(s.ttl_seconds, 7 * 24 * 3600);
  EXPECT_EQ(s.delete_retention_ms, 24 * 3600 * 1000);
  EXPECT_EQ(s.pid_expiry_seconds, 7 * 24 * 3600);
  EXPECT_EQ(to_string(s.compression), "lz4");
  EXPECT_EQ(to_string(s.timestamp_type), "createtime");
  EXPECT_EQ(to_string(s.durability), "sync");
  for (const AccessExpression* permission :
       {&s.produce_permission, &s.consume_permission, &s.topic_permission, &s.copy_permission, &s.admin_permission}) {
    EXPECT_EQ(permission->text(), "u:ann");
  }
}

TEST(StreamSettings, StoredFormRoundTrips) {
  for (const StreamSettings& settings : {StreamSettings{}, StreamSettings::for_creator("ann"), unusual_stream()}) {
    EXPECT_TRUE(decode_stream_settings(encode_stream_settings(settings)).value() == settings);
  }
}

TEST(StreamSettings, EveryCutAndEveryByteMoreIsDamage) {
  std::vector<uint8_t> bytes = encode_stream_settings(unusual_stream());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_stream_settings(ByteView(bytes).first(size)).error().code, ErrorCode::corrupt) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(decode_stream_settings(bytes).error().code, ErrorCode::corrupt);
}

TEST(StreamSettings, ANewerVersionIsRefused) {
  std::vector<uint8_t> bytes = encode_stream_settings(unusual_stream());
  store_le<uint16_t>(bytes.data(), 2);
  EXPECT_EQ(decode_stream_settings(bytes).error().code, ErrorCode::unsupported);
}

TEST(StreamSettings, StoredValuesOutOfRangeAreDamage) {
  StreamSettings bad = unusual_stream();
  bad.ttl_seconds = -1;
  EXPECT_EQ(decode_stream_settings(encode_stream_settings(bad)).error().code, ErrorCode::corrupt);
  std::vector<uint8_t> bytes = encode_stream_settings(unusual_stream());
  bytes.back() = 2;  // no such durability
  EXPECT_EQ(decode_stream_settings(bytes).error().code, ErrorCode::corrupt);
}

TEST(StreamSettings, ChecksNameTheOptionAndItsRange) {
  auto message = [](auto change) {
    StreamSettings s;
    change(s);
    Status checked = s.check();
    return checked ? std::string("accepted") : checked.error().message;
  };
  EXPECT_EQ(message([](StreamSettings& s) { s.ttl_seconds = -1; }), "-ttl cannot be -1; allowed are 0 to 3153600000");
  EXPECT_EQ(message([](StreamSettings& s) { s.default_partitions = 0; }),
            "-defaultpartitions cannot be 0; allowed are 1 to 100000");
  EXPECT_NE(message([](StreamSettings& s) { s.default_partitions = kPartitionsPerTopicMax + 1; }), "accepted");
  EXPECT_NE(message([](StreamSettings& s) { s.ttl_seconds = kStreamSecondsMax + 1; }), "accepted");
  EXPECT_NE(message([](StreamSettings& s) { s.min_compaction_lag_ms = -1; }), "accepted");
  EXPECT_NE(message([](StreamSettings& s) { s.delete_retention_ms = kStreamMillisMax + 1; }), "accepted");
  EXPECT_NE(message([](StreamSettings& s) { s.pid_expiry_seconds = 59; }), "accepted");
}

TEST(StreamSettings, WordsGoBothWays) {
  for (std::string_view word : {"off", "lz4", "lzf", "zlib"})
    EXPECT_EQ(to_string(parse_stream_compression(word).value()), word);
  for (std::string_view word : {"sync", "async"}) EXPECT_EQ(to_string(parse_durability(word).value()), word);
  for (std::string_view word : {"createtime", "logappendtime"})
    EXPECT_EQ(to_string(parse_timestamp_type(word).value()), word);
  EXPECT_EQ(parse_stream_compression("brotli").error().message,
            "-compression cannot be 'brotli'; allowed are off, lz4, lzf and zlib");
  EXPECT_FALSE(parse_durability(""));
}

}  // namespace
}  // namespace distributary
