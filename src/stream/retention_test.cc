// Retention by settings of topics: what readers see, and which segments go.
#include "stream/stream_harness.h"

namespace distributary {
namespace {

class StreamRetentionTest : public testing::Test {
 protected:
  StreamRetentionTest() {
    h.options.segment_bytes = 4096;
    h.options.ttl = std::chrono::seconds(0);
    h.open();
  }
  TopicPartition create(const std::string& name, TopicSettings settings) {
    auto created = must(h.stream->create_topic(name, 1, TimestampType::create_time, std::move(settings)));
    h.wait(created.lsn);
    return {created.id, 0};
  }
  void alter(TopicPartition place, TopicSettings settings) {
    h.wait(must(h.stream->alter_topic(place.topic, {1, TimestampType::create_time, std::move(settings)})));
  }
  WallMillis now() { return h.world->clock().wall_now(); }
  void enforce() { must(h.sim.executor().run(h.stream->enforce_retention())); }
  Offset log_start(TopicPartition place) { return h.stream->state().topic(place.topic)->partitions[0].log_start; }
  uint64_t bytes(TopicPartition place) { return must(h.sim.executor().run(h.stream->partition_bytes(place))); }
  // Batches of one record of 100 bytes.
  void produce(TopicPartition place, int count, WallMillis time) {
    for (int i = 0; i < count; ++i) h.produce(place, {std::string(100, 'x')}, time);
  }

  StreamHarness h;
};

TopicSettings by_time(int64_t ms) {
  TopicSettings settings;
  settings.retention_ms = ms;
  return settings;
}
TopicSettings by_bytes(int64_t bytes) {
  TopicSettings settings;
  settings.retention_bytes = bytes;
  return settings;
}

TEST_F(StreamRetentionTest, RecordsGoByTheirTimestampsThoughTheirSegmentStays) {
  TopicPartition place = create("t", by_time(60'000));
  TopicPartition other = create("kept", {});
  produce(place, 3, now() - 100'000);
  produce(place, 2, now() - 10'000);
  produce(other, 1, now() - 100'000);
  enforce();
  EXPECT_EQ(log_start(place), 3);
  EXPECT_EQ(log_start(other), 0);
  EXPECT_EQ(h.fetch(place, 2).error().code, ErrorCode::out_of_range);
  EXPECT_EQ(h.read_all(place).size(), 2u);
  h.reopen_after_crash();
  EXPECT_EQ(log_start(place), 3);
  h.sim.executor().run_for(std::chrono::seconds(60));
  enforce();
  EXPECT_EQ(log_start(place), 5);  // all of it, also of the active segment
  EXPECT_EQ(h.produce(place, {"next"}, now()).base_offset, 5);
}

TEST_F(StreamRetentionTest, AShorterRetentionTakesEffectAtOnce) {
  TopicPartition place = create("t", {});
  produce(place, 4, now() - 5'000);
  enforce();
  EXPECT_EQ(log_start(place), 0);
  alter(place, by_time(1'000));
  must(h.sim.executor().run(h.stream->enforce_retention_of(place.topic)));
  EXPECT_EQ(log_start(place), 4);
}

TEST_F(StreamRetentionTest, AtLeastTheBytesAskedForAreKept) {
  TopicPartition place = create("t", {});
  produce(place, 10, now());
  const uint64_t all = bytes(place);
  const uint64_t one = all / 10;
  EXPECT_EQ(one * 10, all);
  alter(place, by_bytes(static_cast<int64_t>(3 * one + 1)));
  enforce();
  EXPECT_EQ(log_start(place), 6);
  EXPECT_EQ(bytes(place), 4 * one);
  produce(place, 1, now());
  enforce();
  EXPECT_EQ(log_start(place), 7);
  EXPECT_EQ(bytes(place), 4 * one);
  alter(place, by_bytes(0));
  enforce();
  EXPECT_EQ(log_start(place), 11);
  EXPECT_EQ(bytes(place), 0u);
}

TEST_F(StreamRetentionTest, ACompactedTopicKeepsItsRecords) {
  TopicSettings settings = by_time(1);
  settings.retention_bytes = 0;
  settings.cleanup_policy = CleanupPolicy::compact;
  TopicPartition place = create("t", settings);
  produce(place, 3, now() - 1'000);
  enforce();
  EXPECT_EQ(log_start(place), 0);
  settings.cleanup_policy = CleanupPolicy::compact_and_remove;
  alter(place, settings);
  enforce();
  EXPECT_EQ(log_start(place), 3);
}

TEST_F(StreamRetentionTest, ACompactedStreamsTopicsDoNotFollowTheTtl) {
  h.options.ttl = std::chrono::seconds(60);
  h.options.topics.cleanup_policy = CleanupPolicy::compact;
  h.stream->set_options(h.options);
  TopicPartition compacted = create("compacted", {});
  TopicSettings both;
  both.cleanup_policy = CleanupPolicy::compact_and_remove;
  TopicPartition limited = create("limited", both);
  for (int i = 0; i < 30; ++i) {
    produce(compacted, 1, now());
    produce(limited, 1, now());
  }
  h.sim.executor().run_for(std::chrono::seconds(120));
  enforce();
  enforce();
  EXPECT_EQ(log_start(compacted), 0);
  EXPECT_GT(log_start(limited), 0);
  EXPECT_EQ(h.read_all(compacted).size(), 30u);
}

TEST_F(StreamRetentionTest, ATopicWithALongerRetentionKeepsItsSegmentsAndOthersDoNotSeeThem) {
  h.options.ttl = std::chrono::seconds(60);
  h.stream->set_options(h.options);
  TopicPartition kept = create("kept", by_time(-1));
  TopicPartition usual = create("usual", {});
  for (int i = 0; i < 30; ++i) {
    produce(kept, 1, now());
    produce(usual, 1, now());
  }
  const uint64_t before = h.stream->bytes_on_disk();
  h.sim.executor().run_for(std::chrono::seconds(120));
  enforce();
  enforce();
  EXPECT_GT(log_start(usual), 0);
  EXPECT_EQ(log_start(kept), 0);
  EXPECT_GE(h.stream->bytes_on_disk(), before);
  EXPECT_EQ(h.read_all(kept).size(), 30u);
  // From now on it follows the ttl too, for what is already past it.
  alter(kept, {});
  enforce();
  enforce();
  EXPECT_GT(log_start(kept), 0);
  EXPECT_LT(h.stream->bytes_on_disk(), before);
  h.reopen_after_crash();
  EXPECT_EQ(h.read_all(kept).size(), static_cast<size_t>(30 - log_start(kept)));
  EXPECT_EQ(h.read_all(usual).size(), static_cast<size_t>(30 - log_start(usual)));
}

TEST_F(StreamRetentionTest, SegmentsOfWhichNothingIsLeftGoWithoutATtl) {
  TopicPartition place = create("t", {});
  produce(place, 60, now());
  const uint64_t before = h.stream->bytes_on_disk();
  enforce();
  EXPECT_EQ(h.stream->bytes_on_disk(), before);
  h.stream->set_hold("link", 5);
  h.wait(must(h.stream->delete_records(place, 50)));
  enforce();
  EXPECT_GE(h.stream->bytes_on_disk(), before);  // a link is not there yet
  EXPECT_EQ(log_start(place), 50);
  h.stream->release_hold("link");
  enforce();
  EXPECT_LT(h.stream->bytes_on_disk(), before);
  EXPECT_EQ(h.read_all(place).size(), 10u);
  h.reopen_after_crash();
  EXPECT_EQ(h.read_all(place).size(), 10u);
}

TEST_F(StreamRetentionTest, BatchesWithoutATimestampHaveTheAgeOfTheirSegment) {
  TopicPartition place = create("t", by_time(60'000));
  produce(place, 60, -1);
  enforce();
  EXPECT_EQ(log_start(place), 0);
  h.sim.executor().run_for(std::chrono::seconds(120));
  enforce();
  EXPECT_GT(log_start(place), 0);
  EXPECT_LT(log_start(place), 60);  // what is in the active segment stays
}

TEST_F(StreamRetentionTest, LookupsByTimeSeeOnlyWhatIsLeftOfABatch) {
  TopicPartition place = create("t", {});
  RecordBatchBuilder builder;
  const WallMillis times[] = {1000, 9000, 2000, 4000};
  for (WallMillis time : times) builder.add({.key = "k", .value = "v", .timestamp = time});
  h.wait(must(h.stream->append_batch(place, builder.build())).lsn);
  h.produce(place, {"w"}, 3000);
  auto latest = [&] { return *must(h.sim.executor().run(h.stream->find_latest_time(place))); };
  EXPECT_EQ(latest().offset, 1);
  h.wait(must(h.stream->delete_records(place, 2)));
  EXPECT_EQ(latest().offset, 3);
  EXPECT_EQ(latest().timestamp, 4000);
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_time(place, 0)))->offset, 2);
  h.wait(must(h.stream->delete_records(place, 4)));
  EXPECT_EQ(latest().offset, 4);
  h.wait(must(h.stream->delete_records(place, 5)));
  EXPECT_FALSE(must(h.sim.executor().run(h.stream->find_latest_time(place))).has_value());
  EXPECT_FALSE(must(h.sim.executor().run(h.stream->find_time(place, 0))).has_value());
}

TEST_F(StreamRetentionTest, WhetherAnythingMayExpireIsKnown) {
  EXPECT_FALSE(h.stream->may_expire());
  TopicPartition place = create("t", by_time(-1));
  EXPECT_FALSE(h.stream->may_expire());
  alter(place, by_bytes(7));
  EXPECT_TRUE(h.stream->may_expire());
  alter(place, {});
  EXPECT_FALSE(h.stream->may_expire());
  h.options.ttl = std::chrono::seconds(1);
  h.stream->set_options(h.options);
  EXPECT_TRUE(h.stream->may_expire());
}

}  // namespace
}  // namespace distributary
