#include "cluster/stream_record.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

StreamRecord sample_record() {
  StreamRecord record;
  record.uuid = parse_uuid("3e98ee93-d88a-43d6-bc80-001b02b65500").value();
  record.path = "/apps/activity";
  record.incarnation = 3;
  record.creator = "root";
  record.created = 1507758209755;
  record.settings = StreamSettings::for_creator("root");
  record.settings.ttl_seconds = 5;
  record.replicas.push_back({.idx = 4,
                             .cluster = "newyork",
                             .path = "/r",
                             .uuid = record.uuid,
                             .paused = true,
                             .network_compression = "lz4"});
  record.replicas.push_back(
      {.idx = 5, .cluster = "boston", .path = "/b", .throttle = true, .network_encryption = true, .synchronous = true});
  record.upstreams.push_back({.idx = 1, .cluster = "oslo", .path = "/o", .uuid = record.uuid});
  return record;
}

TEST(StreamRecord, ComesBackWhole) {
  StreamRecord record = sample_record();
  auto back = decode_stream_record(encode_stream_record(record));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->uuid, record.uuid);
  EXPECT_EQ(back->path, record.path);
  EXPECT_EQ(back->incarnation, 3u);
  EXPECT_EQ(back->creator, "root");
  EXPECT_EQ(back->created, record.created);
  EXPECT_EQ(back->settings, record.settings);
  EXPECT_EQ(back->replicas, record.replicas);
  EXPECT_EQ(back->upstreams, record.upstreams);
}

TEST(StreamRecord, DamageAndNewerVersionsAreRefused) {
  std::string bytes = encode_stream_record(sample_record());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_stream_record(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_stream_record(bytes + "x"));
  bytes[0] = 9;
  EXPECT_EQ(decode_stream_record(bytes).error().code, ErrorCode::unsupported);
}

TEST(StreamRecord, Keys) {
  EXPECT_EQ(stream_key("/apps/activity"), "stream/apps/activity");
  EXPECT_EQ(removed_key(sample_record().uuid), "removed/3e98ee93-d88a-43d6-bc80-001b02b65500");
  EXPECT_EQ(epoch_key(sample_record().log()), "epoch/3e98ee93-d88a-43d6-bc80-001b02b65500.0");
}

}  // namespace
}  // namespace distributary
