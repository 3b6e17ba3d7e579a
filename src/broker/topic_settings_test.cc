// Settings of topics, as clients change them, and what they do to producers and readers.
#include "broker/broker_harness.h"

namespace distributary {
namespace {

class TopicSettingsTest : public testing::Test, protected BrokerHarness {
 protected:
  TopicDescription describe(const std::string& name) {
    return run(broker->topics().describe({{name, {}}}, false, caller, {}))[0];
  }
  Fault change(const std::string& topic, std::vector<ConfigChange> changes, bool replace = false,
               bool validate_only = false) {
    std::vector<TopicAdmin::Reconfiguration> wanted{{{topic, {}}, replace, std::move(changes)}};
    return run(broker->topics().reconfigure(wanted, validate_only, caller, {}))[0].fault;
  }
  Fault set(const std::string& topic, const std::string& name, const std::string& value) {
    return change(topic, {{ConfigOperation::set, name, value}});
  }
  RemovedRecords remove(const std::string& topic, Offset before, int32_t partition = 0) {
    std::vector<RecordRemoval> removals{{{topic, {}}, {{partition, before}}}};
    return run(broker->record_remover().remove(removals, 1000, caller, {}))[0].partitions[0];
  }
  OffsetAnswer offset(const std::string& topic, int64_t time) {
    std::vector<OffsetQuery> queries{{{topic, {}}, {{.partition = 0, .time = time}}}};
    return run(broker->offsets().list(queries, caller))[0][0];
  }
  KafkaError fetch_error(const std::string& topic, Offset from) {
    return fetch(fetch_request(topic, from))[0].partitions[0].fault.error;
  }
  const Topic& topic(const std::string& name) { return *stream("/main")->stream->state().topic_named(name); }
};

TEST_F(TopicSettingsTest, ChangesAreKeptAndSurviveARestart) {
  create("t");
  EXPECT_TRUE(set("t", "retention.ms", "1000").ok());
  EXPECT_TRUE(set("t", "cleanup.policy", "compact,delete").ok());
  restart();
  EXPECT_EQ(describe("t").settings.retention_ms, 1000);
  EXPECT_EQ(describe("t").settings.cleanup_policy, CleanupPolicy::compact_and_remove);
  EXPECT_TRUE(change("t", {{ConfigOperation::set, "retention.ms", "7"}}, true).ok());
  EXPECT_EQ(describe("t").settings.retention_ms, 7);
  EXPECT_FALSE(describe("t").settings.cleanup_policy.has_value());
  EXPECT_TRUE(change("t", {}, true).ok());
  EXPECT_TRUE(describe("t").settings.empty());
  EXPECT_EQ(topic("t").settings, nullptr);
}

TEST_F(TopicSettingsTest, NewTopicsHaveThem) {
  std::vector<NewTopic> topics{{.name = "t", .configs = {{"retention.ms", "5"}, {"segment.ms", "6"}}},
                               {.name = "bad", .configs = {{"retention.ms", "x"}}}};
  auto made = run(broker->topics().create(topics, true, caller, {}));
  EXPECT_TRUE(made[0].fault.ok());
  EXPECT_EQ(made[0].settings.retention_ms, 5);
  EXPECT_EQ(made[1].fault.error, KafkaError::invalid_config);
  made = run(broker->topics().create(topics, false, caller, {}));
  EXPECT_EQ(describe("t").settings.retention_ms, 5);
  EXPECT_EQ(describe("t").settings.noted.size(), 1u);
  EXPECT_FALSE(describe("bad").fault.ok());
}

TEST_F(TopicSettingsTest, WhatIsOnlyValidatedOrRefusedChangesNothing) {
  create("t");
  const Lsn before = stream("/main")->stream->last_lsn();
  EXPECT_TRUE(change("t", {{ConfigOperation::set, "retention.ms", "1"}}, false, true).ok());
  EXPECT_EQ(set("t", "retention.ms", "-7").error, KafkaError::invalid_config);
  EXPECT_EQ(change("t", {{ConfigOperation::set, "retention.ms", "1"}, {ConfigOperation::set, "x", "1"}}).error,
            KafkaError::invalid_config);
  EXPECT_EQ(set("unknown", "retention.ms", "1").error, KafkaError::unknown_topic_or_partition);
  EXPECT_TRUE(change("t", {{ConfigOperation::remove, "retention.ms", std::nullopt}}).ok());  // it has none
  EXPECT_EQ(stream("/main")->stream->last_lsn(), before);
  EXPECT_TRUE(describe("t").settings.empty());
}

TEST_F(TopicSettingsTest, MorePartitionsLeaveThem) {
  create("t");
  ASSERT_TRUE(set("t", "retention.ms", "9").ok());
  std::vector<TopicAdmin::Widening> wider{{{"t", {}}, 3, std::nullopt}};
  ASSERT_TRUE(run(broker->topics().widen(wider, false, caller, {}))[0].fault.ok());
  EXPECT_EQ(describe("t").settings.retention_ms, 9);
  EXPECT_EQ(describe("t").partitions, 3u);
}

TEST_F(TopicSettingsTest, TheTimestampTypeIsStampedAtOnce) {
  create("t");
  EXPECT_EQ(produce("t", 0, {"a"}).log_append_time, -1);
  ASSERT_TRUE(set("t", "message.timestamp.type", "LogAppendTime").ok());
  EXPECT_GT(produce("t", 0, {"b"}).log_append_time, 0);
  ASSERT_TRUE(change("t", {{ConfigOperation::remove, "message.timestamp.type", std::nullopt}}).ok());
  EXPECT_EQ(produce("t", 0, {"c"}).log_append_time, -1);
}

// Those of a topic are kept when its stream's default changes, and the stream's come back when asked for.
TEST_F(TopicSettingsTest, ATopicKeepsTheTimestampTypeOfItsCreation) {
  create("t");
  StreamSettings settings = stream("/main")->record.settings;
  settings.timestamp_type = TimestampType::log_append_time;
  must(run(catalog->edit("/main", settings)));
  ASSERT_TRUE(set("t", "retention.ms", "1000000").ok());
  EXPECT_EQ(describe("t").timestamp_type, TimestampType::create_time);
  ASSERT_TRUE(set("t", "message.timestamp.type", "CreateTime").ok());
  ASSERT_TRUE(change("t", {{ConfigOperation::remove, "message.timestamp.type", std::nullopt}}).ok());
  EXPECT_EQ(describe("t").timestamp_type, TimestampType::log_append_time);
}

TEST_F(TopicSettingsTest, BatchesBeyondTheTopicsSizeAreRefusedWithBothSizes) {
  create("t");
  ASSERT_TRUE(set("t", "max.message.bytes", "200").ok());
  EXPECT_TRUE(produce("t", 0, {"small"}).fault.ok());
  std::vector<uint8_t> large = batch_of({std::string(300, 'x')});
  ProducedPartition refused = produce("t", 0, large);
  EXPECT_EQ(refused.fault.error, KafkaError::message_too_large);
  EXPECT_NE(refused.fault.message.find(std::to_string(large.size())), std::string::npos) << refused.fault.message;
  EXPECT_NE(refused.fault.message.find("200"), std::string::npos) << refused.fault.message;
  std::vector<uint8_t> larger_than_the_brokers = batch_of({std::string(11 << 20, 'x')});
  EXPECT_EQ(produce("t", 0, larger_than_the_brokers).fault.error, KafkaError::message_too_large);
  ASSERT_TRUE(set("t", "max.message.bytes", std::to_string(12 << 20)).ok());
  EXPECT_TRUE(produce("t", 0, larger_than_the_brokers).fault.ok());
}

TEST_F(TopicSettingsTest, ACompactedTopicTakesNoRecordsWithoutKeys) {
  create("t");
  RecordBatchBuilder builder;
  builder.add({.key = "k", .value = "v", .timestamp = 1});
  builder.add({.value = "v", .timestamp = 1});
  std::vector<uint8_t> batch = builder.build();
  EXPECT_TRUE(produce("t", 0, batch).fault.ok());
  ASSERT_TRUE(set("t", "cleanup.policy", "compact").ok());
  ProducedPartition refused = produce("t", 0, batch);
  EXPECT_EQ(refused.fault.error, KafkaError::invalid_record);
  EXPECT_EQ(refused.keyless, std::vector<int32_t>{1});
  EXPECT_TRUE(produce("t", 0, {"with a key"}).fault.ok());
}

TEST_F(TopicSettingsTest, AShorterRetentionIsSeenWhenItIsAnswered) {
  create("t");
  for (int i = 0; i < 3; ++i) produce("t", 0, {"old"});  // of the year 1970
  ASSERT_TRUE(set("t", "retention.ms", "1000").ok());
  EXPECT_EQ(offset("t", kEarliestTime).offset, 3);
  EXPECT_EQ(offset("t", kLatestTime).offset, 3);
  EXPECT_EQ(fetch_error("t", 2), KafkaError::offset_out_of_range);
  EXPECT_EQ(fetch_error("t", 3), KafkaError::none);
  restart();
  EXPECT_EQ(offset("t", kEarliestTime).offset, 3);
}

TEST_F(TopicSettingsTest, DeletedRecordsAreGoneForEveryLookup) {
  create("t");
  for (WallMillis time : {1000, 4000, 3000, 2000}) produce("t", 0, batch_of({"a", "b"}, time));
  EXPECT_EQ(remove("t", 3).log_start, 3);  // amid the second batch
  EXPECT_EQ(offset("t", kEarliestTime).offset, 3);
  EXPECT_EQ(offset("t", kEarliestLocalTime).offset, 3);
  EXPECT_EQ(offset("t", kLatestTime).offset, 8);
  EXPECT_EQ(offset("t", kMaxTimestampTime).offset, 3);
  EXPECT_EQ(offset("t", kLatestTieredTime).offset, -1);
  EXPECT_EQ(offset("t", 0).offset, 3);
  EXPECT_EQ(offset("t", 1000).offset, 3);
  EXPECT_EQ(offset("t", 4001).offset, -1);
  EXPECT_EQ(fetch_error("t", 2), KafkaError::offset_out_of_range);
  EXPECT_EQ(fetch(fetch_request("t", 3))[0].partitions[0].log_start, 3);
  EXPECT_EQ(remove("t", 1).log_start, 3);  // gone already
  EXPECT_EQ(remove("t", 4).log_start, 4);
  EXPECT_EQ(offset("t", kMaxTimestampTime).offset, 4);
  EXPECT_EQ(offset("t", 3500).offset, -1);
  EXPECT_EQ(remove("t", kAllRecords).log_start, 8);
  EXPECT_EQ(offset("t", kMaxTimestampTime).offset, -1);
  restart();
  EXPECT_EQ(offset("t", kEarliestTime).offset, 8);
  EXPECT_EQ(produce("t", 0, {"next"}).base_offset, 8);
}

TEST_F(TopicSettingsTest, EpochEndsAreRightAfterTrimming) {
  create("t");
  produce("t", 0, {"a", "b", "c"});
  EXPECT_EQ(remove("t", 2).log_start, 2);
  std::vector<OffsetQuery> queries{{{"t", {}}, {{.partition = 0, .leader_epoch = 0}}}};
  OffsetAnswer end = run(broker->offsets().find_epoch_ends(queries, caller))[0][0];
  EXPECT_EQ(end.leader_epoch, 0);
  EXPECT_EQ(end.offset, 3);
}

TEST_F(TopicSettingsTest, DeletingRecordsIsChecked) {
  create("t");
  produce("t", 0, {"a"});
  EXPECT_EQ(remove("t", 2).fault.error, KafkaError::offset_out_of_range);
  EXPECT_EQ(remove("t", -2).fault.error, KafkaError::offset_out_of_range);
  EXPECT_EQ(remove("t", 0, 7).fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(remove("unknown", 0).fault.error, KafkaError::unknown_topic_or_partition);
  ASSERT_TRUE(set("t", "cleanup.policy", "compact").ok());
  EXPECT_EQ(remove("t", 1).fault.error, KafkaError::policy_violation);
  EXPECT_EQ(offset("t", kEarliestTime).offset, 0);
}

TEST_F(TopicSettingsTest, ATopicOwnedElsewhereIsNotChangedHere) {
  create("t");
  produce("t", 0, {"a"});
  // The same history in a stream of another identity is a replica.
  create_stream("/replica");
  Stream& source = *stream("/main")->stream;
  Stream& replica = *stream("/replica")->stream;
  LogChunk chunk = must(run(source.read_log(must(run(source.find_position({}))), 1 << 20)));
  for (const Bytes& content : chunk.contents) must(replica.append_replicated(content));
  must(run(replica.wait_durable(replica.last_lsn())));
  EXPECT_EQ(set("/replica:t", "retention.ms", "1").error, KafkaError::policy_violation);
  EXPECT_EQ(change("/replica:t", {{ConfigOperation::set, "retention.ms", "1"}}, false, true).error,
            KafkaError::policy_violation);
  EXPECT_EQ(remove("/replica:t", 0).fault.error, KafkaError::policy_violation);
  EXPECT_EQ(remove("/replica:t", 1).fault.error, KafkaError::policy_violation);
  EXPECT_EQ(offset("/replica:t", kEarliestTime).offset, 0);
}

TEST_F(TopicSettingsTest, DeletionThatIsNotDurableIsNotAnswered) {
  create("t");
  produce("t", 0, {"a"});
  logs.fail_next_sync = ErrorCode::io;
  RemovedRecords removed = remove("t", 1);
  EXPECT_EQ(removed.fault.error, KafkaError::kafka_storage_error);
  EXPECT_EQ(removed.log_start, -1);
}

TEST_F(TopicSettingsTest, SizesAreThoseOfTheBatchesThatAreLeft) {
  create("t", 2);
  for (int i = 0; i < 4; ++i) produce("t", 0, {std::string(1000, 'x')});
  std::vector<SizeQuery> queries{{{"t", {}}, {0, 1, 2}}, {{"unknown", {}}, {0}}};
  auto sizes = run(broker->log_sizes().find(queries, caller));
  ASSERT_EQ(sizes.size(), 1u);
  ASSERT_EQ(sizes[0].partitions.size(), 2u);
  const uint64_t all = sizes[0].partitions[0].bytes;
  EXPECT_GT(all, 4000u);
  EXPECT_EQ(sizes[0].partitions[1].bytes, 0u);
  remove("t", 2);
  EXPECT_EQ(run(broker->log_sizes().all(caller, {}))[0].partitions[0].bytes, all / 2);
}

}  // namespace
}  // namespace distributary
