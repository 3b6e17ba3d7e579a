// That a topic's settings are history: in the log, in checkpoints, on replicas, in baselines.
#include "stream/stream_harness.h"

namespace distributary {
namespace {

TopicSettings some_settings() {
  TopicSettings settings;
  settings.cleanup_policy = CleanupPolicy::compact_and_remove;
  settings.retention_bytes = 1 << 20;
  settings.timestamp_type = TimestampType::log_append_time;
  settings.noted = {{"flush.ms", "7"}};
  return settings;
}

TopicUuid create(StreamHarness& h, const std::string& name, TopicSettings settings) {
  auto created = must(h.stream->create_topic(name, 2, TimestampType::create_time, std::move(settings)));
  h.wait(created.lsn);
  return created.id;
}

void alter(StreamHarness& h, TopicUuid id, TopicSettings settings) {
  h.wait(must(h.stream->alter_topic(id, {2, TimestampType::create_time, std::move(settings)})));
}

TEST(StreamTopicSettings, SurviveCrashesAndCheckpoints) {
  StreamHarness h;
  h.open();
  TopicUuid plain = create(h, "plain", {});
  TopicUuid own = create(h, "own", some_settings());
  EXPECT_EQ(h.stream->state().topic(plain)->settings, nullptr);
  h.reopen_after_crash();
  ASSERT_NE(h.stream->state().topic(own)->settings, nullptr);
  EXPECT_EQ(*h.stream->state().topic(own)->settings, some_settings());
  EXPECT_EQ(h.stream->state().topic(own)->timestamp_type, TimestampType::log_append_time);
  h.close();  // writes a checkpoint
  h.open();
  EXPECT_EQ(h.stream->state().topic(plain)->settings, nullptr);
  EXPECT_EQ(h.stream->state().topic(own)->own_settings(), some_settings());
}

TEST(StreamTopicSettings, AlteringReplacesThem) {
  StreamHarness h;
  h.open();
  TopicUuid id = create(h, "t", some_settings());
  TopicSettings other;
  other.retention_ms = 5;
  alter(h, id, other);
  EXPECT_EQ(h.stream->state().topic(id)->own_settings(), other);
  EXPECT_EQ(h.stream->state().topic(id)->timestamp_type, TimestampType::create_time);
  alter(h, id, {});
  EXPECT_EQ(h.stream->state().topic(id)->settings, nullptr);
  TopicSettings impossible;
  impossible.retention_ms = -2;
  EXPECT_EQ(h.stream->alter_topic(id, {2, TimestampType::create_time, impossible}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(h.stream->create_topic("u", 1, TimestampType::create_time, impossible).error().code,
            ErrorCode::invalid_argument);
}

TEST(StreamTopicSettings, AReplicaHasThemAndADifferenceIsNoticed) {
  StreamHarness source;
  source.open();
  TopicUuid id = create(source, "t", {});
  alter(source, id, some_settings());
  StreamHarness replica(2);
  replica.origin.stream = Uuid::from_random({8});
  replica.open();
  LogPosition begin = must(source.sim.executor().run(source.stream->find_position({})));
  LogChunk chunk = must(source.sim.executor().run(source.stream->read_log(begin, 1 << 20)));
  ASSERT_EQ(chunk.contents.size(), 2u);
  must(replica.stream->append_replicated(chunk.contents[0]));
  EXPECT_FALSE(replica.stream->state().same_as(source.stream->state()));
  must(replica.stream->append_replicated(chunk.contents[1]));
  replica.wait(replica.stream->last_lsn());
  EXPECT_TRUE(replica.stream->state().same_as(source.stream->state()));
  EXPECT_EQ(replica.stream->state().topic(id)->own_settings(), some_settings());
}

TEST(StreamTopicSettings, BaselinesCarryThem) {
  StreamHarness h;
  h.options.segment_bytes = 4096;
  h.options.ttl = std::chrono::seconds(60);
  h.open();
  TopicUuid id = create(h, "t", {});
  TopicSettings settings;
  settings.min_compaction_lag_ms = 17;
  alter(h, id, settings);
  for (int i = 0; i < 50; ++i) h.produce({id, 0}, {std::string(100, 'x')});
  h.sim.executor().run_for(std::chrono::seconds(120));
  must(h.sim.executor().run(h.stream->enforce_retention()));
  h.produce({id, 0}, {"last"});
  must(h.sim.executor().run(h.stream->enforce_retention()));
  ASSERT_EQ(h.sim.executor().run(h.stream->find_position({})).error().code, ErrorCode::gap);
  StreamHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  Stream::Baselines baselines = must(h.sim.executor().run(h.stream->baselines()));
  for (const Bytes& content : baselines.contents) must(replica.stream->append_replicated(content));
  replica.wait(replica.stream->last_lsn());
  ASSERT_NE(replica.stream->state().topic(id), nullptr);
  EXPECT_EQ(replica.stream->state().topic(id)->own_settings(), settings);
}

}  // namespace
}  // namespace distributary
