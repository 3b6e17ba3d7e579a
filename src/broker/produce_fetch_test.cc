#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;

class ProduceFetchTest : public testing::Test, protected BrokerHarness {
 protected:
  static size_t records(const FetchedPartition& partition) {
    size_t count = 0;
    for (const Piece& batch : partition.batches) count += must(RecordBatchView::parse(batch)).record_count();
    return count;
  }
  SteadyTime now() { return sim.executor().now(); }
  Task<void> keep(Task<FetchAnswer> task, std::optional<std::vector<FetchedTopic>>& into) {
    FetchAnswer answer = co_await std::move(task);
    into = std::move(answer.topics);
  }
};

TEST_F(ProduceFetchTest, WhatIsProducedIsFetchedByteForByte) {
  create("t");
  std::vector<uint8_t> batch = batch_of({"a", "b"});
  ProducedPartition first = produce("t", 0, batch);
  EXPECT_TRUE(first.fault.ok()) << first.fault.message;
  EXPECT_EQ(first.base_offset, 0);
  EXPECT_EQ(produce("t", 0, batch).base_offset, 2);
  FetchedPartition got = fetch(fetch_request("t", 0))[0].partitions[0];
  EXPECT_EQ(got.high_watermark, 4);
  EXPECT_EQ(got.log_start, 0);
  ASSERT_EQ(got.batches.size(), 2u);
  RecordBatchView stored = must(RecordBatchView::parse(got.batches[1]));
  EXPECT_EQ(stored.base_offset(), 2);
  EXPECT_TRUE(std::ranges::equal(stored.records(), must(RecordBatchView::parse(batch)).records()));
}

TEST_F(ProduceFetchTest, EveryCodecPasses) {
  create("t");
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    EXPECT_TRUE(produce("t", 0, batch_of({"value", "value"}, 1, codec)).fault.ok()) << static_cast<int>(codec);
  }
  FetchRequest request = fetch_request("t", 0);
  EXPECT_EQ(records(fetch(request)[0].partitions[0]), 10u);
  request.zstd_allowed = false;
  EXPECT_EQ(fetch(request)[0].partitions[0].fault.error, KafkaError::unsupported_compression_type);
}

TEST_F(ProduceFetchTest, BadBatchesAreRefusedAndTheOthersTaken) {
  create("t", 2);
  std::vector<uint8_t> good = batch_of({"a"});
  std::vector<uint8_t> flipped = good;
  flipped.back() ^= 1;
  ProduceRequest request;
  request.topics = {
      {TopicReference{"t", {}}, {{0, ByteView(flipped)}, {1, ByteView(good)}, {2, ByteView(good)}, {0, std::nullopt}}},
      {TopicReference{"unknown", {}}, {{0, ByteView(good)}}}};
  PendingProduce pending = must(run(broker->producer().append(request, caller, {})));
  std::vector<ProducedTopic> out = run(broker->producer().finish(std::move(pending), {}));
  EXPECT_EQ(out[0].partitions[0].fault.error, KafkaError::corrupt_message);
  EXPECT_EQ(out[0].partitions[1].fault.error, KafkaError::none);
  EXPECT_EQ(out[0].partitions[2].fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(out[0].partitions[3].fault.error, KafkaError::invalid_record);
  EXPECT_EQ(out[1].partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
  std::vector<uint8_t> two = good;
  two.insert(two.end(), good.begin(), good.end());
  EXPECT_FALSE(produce("t", 0, two).fault.ok());
}

TEST_F(ProduceFetchTest, RetriesOfAnIdempotentProducerAreTakenOnce) {
  create("t");
  int64_t id = must(run(broker->producer_ids().next({})));
  auto batch = [id](int32_t sequence, int16_t epoch = 0) {
    return RecordBatchBuilder().producer(id, epoch, sequence).add({.value = "v", .timestamp = 1}).build();
  };
  EXPECT_EQ(produce("t", 0, batch(0)).base_offset, 0);
  EXPECT_EQ(produce("t", 0, batch(1)).base_offset, 1);
  EXPECT_EQ(produce("t", 0, batch(0)).base_offset, 0);
  EXPECT_EQ(produce("t", 0, batch(5)).fault.error, KafkaError::out_of_order_sequence_number);
  EXPECT_EQ(produce("t", 0, batch(0, 1)).base_offset, 2);
  EXPECT_EQ(produce("t", 0, batch(2)).fault.error, KafkaError::invalid_producer_epoch);
}

TEST_F(ProduceFetchTest, ProducerIdsAreNeverGivenTwice) {
  std::set<int64_t> seen;
  for (int i = 0; i < 1500; ++i) EXPECT_TRUE(seen.insert(must(run(broker->producer_ids().next({})))).second);
  restart();
  EXPECT_TRUE(seen.insert(must(run(broker->producer_ids().next({})))).second);
}

TEST_F(ProduceFetchTest, WithoutAnyStreamThereAreNoProducerIds) {
  must(run(catalog->remove("/main")));
  Result<int64_t> id = run(broker->producer_ids().next({}));
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, ErrorCode::unavailable);
}

TEST_F(ProduceFetchTest, ProduceFailsWhenTheDiskDoes) {
  create("t");
  logs.fail_next_sync = ErrorCode::io;
  EXPECT_EQ(produce("t", 0, {"lost"}).fault.error, KafkaError::kafka_storage_error);
  // Soon the catalog opens the stream anew. The record was never acknowledged and may be there or not; the next one is.
  EXPECT_EQ(produce("t", 0, {"early"}).fault.error, KafkaError::not_leader_or_follower);
  sim.executor().run_for(std::chrono::seconds(5));
  ProducedPartition after = produce("t", 0, {"kept"});
  EXPECT_TRUE(after.fault.ok()) << after.fault.message;
}

TEST_F(ProduceFetchTest, FetchWaitsForRecordsAndNoLonger) {
  create("t");
  FetchRequest request = fetch_request("t", 0);
  request.max_wait_ms = 60'000;
  std::optional<std::vector<FetchedTopic>> got;
  TaskScope scope(sim.executor());
  const SteadyTime start = now();
  scope.spawn(keep(broker->fetcher().fetch(request, caller, {}), got));
  sim.executor().run_for(milliseconds(500));
  EXPECT_FALSE(got);
  produce("t", 0, {"a"});
  ASSERT_TRUE(sim.executor().run_until_true([&] { return got.has_value(); }));
  EXPECT_EQ(records((*got)[0].partitions[0]), 1u);
  EXPECT_LT(now() - start, milliseconds(600));
}

TEST_F(ProduceFetchTest, AnEmptyAnswerComesAfterTheLongestWait) {
  create("t");
  FetchRequest request = fetch_request("t", 0);
  request.max_wait_ms = 700;
  const SteadyTime start = now();
  FetchedPartition got = fetch(request)[0].partitions[0];
  EXPECT_TRUE(got.fault.ok());
  EXPECT_TRUE(got.batches.empty());
  EXPECT_EQ(now() - start, milliseconds(700));
}

TEST_F(ProduceFetchTest, OtherPartitionsDoNotWakeAWaitingFetch) {
  create("quiet");
  create("busy");
  FetchRequest request = fetch_request("quiet", 0);
  request.max_wait_ms = 1000;
  std::optional<std::vector<FetchedTopic>> got;
  TaskScope scope(sim.executor());
  scope.spawn(keep(broker->fetcher().fetch(request, caller, {}), got));
  for (int i = 0; i < 10; ++i) produce("busy", 0, {"x"});
  EXPECT_FALSE(got);
  sim.executor().run_for(milliseconds(1100));
  ASSERT_TRUE(got);
  EXPECT_TRUE((*got)[0].partitions[0].batches.empty());
}

TEST_F(ProduceFetchTest, FetchWaitsAcrossStreamsForEnoughBytes) {
  create_stream("/other");
  create("t");
  create("/other:t");
  FetchRequest request = fetch_request("t", 0);
  FetchRequest second = fetch_request("/other:t", 0);
  request.topics.push_back(second.topics[0]);
  request.max_wait_ms = 60'000;
  request.min_bytes = 2 * static_cast<int32_t>(batch_of({"a"}).size());
  std::optional<std::vector<FetchedTopic>> got;
  TaskScope scope(sim.executor());
  scope.spawn(keep(broker->fetcher().fetch(request, caller, {}), got));
  produce("/other:t", 0, {"a"});
  sim.executor().run_for(milliseconds(50));
  EXPECT_FALSE(got);
  produce("t", 0, {"b"});
  ASSERT_TRUE(sim.executor().run_until_true([&] { return got.has_value(); }, milliseconds(100)));
  EXPECT_EQ(records((*got)[0].partitions[0]), 1u);
  EXPECT_EQ(records((*got)[1].partitions[0]), 1u);
}

TEST_F(ProduceFetchTest, AFaultIsAnsweredAtOnce) {
  create("t");
  produce("t", 0, {"a"});
  FetchRequest request = fetch_request("t", 9);
  request.max_wait_ms = 60'000;
  const SteadyTime start = now();
  EXPECT_EQ(fetch(request)[0].partitions[0].fault.error, KafkaError::offset_out_of_range);
  request = fetch_request("t", 0, 3);
  EXPECT_EQ(fetch(request)[0].partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
  request = fetch_request("t", 0);
  request.topics[0].partitions[0].current_leader_epoch = 5;
  EXPECT_EQ(fetch(request)[0].partitions[0].fault.error, KafkaError::unknown_leader_epoch);
  EXPECT_LT(now() - start, milliseconds(100));
}

TEST_F(ProduceFetchTest, DeletingATopicEndsTheWait) {
  create("t");
  FetchRequest request = fetch_request("t", 0);
  request.max_wait_ms = 60'000;
  std::optional<std::vector<FetchedTopic>> got;
  TaskScope scope(sim.executor());
  scope.spawn(keep(broker->fetcher().fetch(request, caller, {}), got));
  run(broker->topics().remove({{"t", {}}}, caller, {}));
  ASSERT_TRUE(sim.executor().run_until_true([&] { return got.has_value(); }, milliseconds(100)));
  EXPECT_EQ((*got)[0].partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
}

TEST_F(ProduceFetchTest, LimitsHoldButTheFirstBatchIsWhole) {
  create("t", 2);
  produce("t", 0, {std::string(5000, 'x')});
  produce("t", 0, {std::string(5000, 'y')});
  produce("t", 1, {std::string(5000, 'z')});
  FetchRequest request = fetch_request("t", 0);
  request.topics[0].partitions.push_back({.partition = 1});
  request.max_bytes = 100;
  std::vector<FetchedTopic> got = fetch(request);
  EXPECT_EQ(got[0].partitions[0].batches.size(), 1u);
  EXPECT_TRUE(got[0].partitions[1].batches.empty());
  request.max_bytes = 1 << 20;
  request.topics[0].partitions[0].max_bytes = 6000;
  got = fetch(request);
  EXPECT_EQ(got[0].partitions[0].batches.size(), 1u);
  EXPECT_EQ(got[0].partitions[1].batches.size(), 1u);
}

TEST_F(ProduceFetchTest, AnswersOnTheirWayAreBounded) {
  BrokerOptions options = broker->options();
  options.fetch_bytes_in_flight_max = 4u << 20;
  options.batch.batch_bytes = 1u << 20;
  Broker small(*world, *catalog, allow_all, options, 1);
  create("t");
  for (int i = 0; i < 12; ++i) produce("t", 0, {std::string(900'000, 'x')});
  FetchRequest request = fetch_request("t", 0);
  request.topics[0].partitions[0].max_bytes = 50 << 20;
  request.max_wait_ms = 2'000;
  std::vector<FetchAnswer> held;  // by readers that do not read
  while (small.fetcher().bytes_in_flight().free() > (1u << 20) + 100'000) {
    held.push_back(run(small.fetcher().fetch(request, caller, {})));
    ASSERT_FALSE(held.back().topics[0].partitions[0].batches.empty());
    EXPECT_LE(held.back().bytes, size_t{2} << 20) << "one answer takes a part of what is free";
    EXPECT_EQ(held.back().share.bytes(), held.back().bytes);
  }
  // There is no room for a batch now: the next one waits, and in the end says that it has nothing.
  const SteadyTime start = now();
  FetchAnswer none = run(small.fetcher().fetch(request, caller, {}));
  EXPECT_TRUE(none.topics[0].partitions[0].batches.empty());
  EXPECT_TRUE(none.topics[0].partitions[0].fault.ok());
  EXPECT_EQ(now() - start, milliseconds(2'000));
  std::optional<std::vector<FetchedTopic>> got;
  TaskScope scope(sim.executor());
  scope.spawn(keep(small.fetcher().fetch(request, caller, {}), got));
  sim.executor().run_for(milliseconds(10));
  EXPECT_FALSE(got);
  held.clear();
  ASSERT_TRUE(sim.executor().run_until_true([&] { return got.has_value(); }, milliseconds(10)));
  EXPECT_FALSE((*got)[0].partitions[0].batches.empty());
  got.reset();
  EXPECT_EQ(small.fetcher().bytes_in_flight().used(), 0u);
  run(small.stop());
}

TEST_F(ProduceFetchTest, OneBatchIsGivenWhateverTheLimits) {
  create("t");
  produce("t", 0, {"a"});
  FetchRequest request = fetch_request("t", 0);
  request.max_bytes = 0;
  request.topics[0].partitions[0].max_bytes = 0;
  EXPECT_EQ(records(fetch(request)[0].partitions[0]), 1u);
}

TEST_F(ProduceFetchTest, OffsetsAreFoundByNameAndTime) {
  create("t");
  produce("t", 0, batch_of({"a"}, 1000));
  produce("t", 0, batch_of({"b"}, 3000));
  produce("t", 0, batch_of({"c"}, 2000));
  auto find = [this](int64_t time) {
    std::vector<OffsetQuery> queries{{{"t", {}}, {{.time = time}}}};
    return run(broker->offsets().list(queries, caller))[0][0];
  };
  EXPECT_EQ(find(kLatestTime).offset, 3);
  EXPECT_EQ(find(kLatestTime).timestamp, -1);
  EXPECT_EQ(find(kEarliestTime).offset, 0);
  EXPECT_EQ(find(kEarliestLocalTime).offset, 0);
  EXPECT_EQ(find(kLatestTieredTime).offset, -1);
  EXPECT_EQ(find(kMaxTimestampTime).offset, 1);
  EXPECT_EQ(find(kMaxTimestampTime).timestamp, 3000);
  EXPECT_EQ(find(1001).offset, 1);
  EXPECT_EQ(find(1001).timestamp, 3000);
  EXPECT_EQ(find(3001).offset, -1);
  EXPECT_EQ(find(-9).fault.error, KafkaError::invalid_request);
  std::vector<OffsetQuery> queries{{{"t", {}}, {{.leader_epoch = 0}, {.partition = 7, .leader_epoch = 0}}}};
  std::vector<OffsetAnswer> ends = run(broker->offsets().find_epoch_ends(queries, caller))[0];
  EXPECT_EQ(ends[0].leader_epoch, 0);
  EXPECT_EQ(ends[0].offset, 3);
  EXPECT_EQ(ends[1].fault.error, KafkaError::unknown_topic_or_partition);
}

TEST_F(ProduceFetchTest, DamagedRecordsAreNeverServed) {
  create("t");
  create("whole");
  for (const char* value : {"first", "hit", "last"}) produce("t", 0, {std::string(50, 'x') + value});
  produce("whole", 0, {"fine"});
  BrokerOptions options = broker->options();
  stop();
  size_t damaged = 0;
  for (auto& [id, log] : logs.logs) {
    for (auto& [number, segment] : log->segments) {
      const std::string_view target = "xxxhit";
      auto at = std::search(segment.bytes.begin(), segment.bytes.end(), target.begin(), target.end());
      if (at == segment.bytes.end()) continue;
      *at ^= 1;
      ++damaged;
    }
  }
  ASSERT_EQ(damaged, 1u);
  start(options);
  FetchedPartition got = fetch(fetch_request("t", 1))[0].partitions[0];
  EXPECT_EQ(got.fault.error, KafkaError::kafka_storage_error) << got.fault.message;
  EXPECT_TRUE(got.batches.empty());
  EXPECT_TRUE(fetch(fetch_request("whole", 0))[0].partitions[0].fault.ok());
  got = fetch(fetch_request("t", 2))[0].partitions[0];
  EXPECT_TRUE(got.fault.ok()) << got.fault.message;
  EXPECT_EQ(records(got), 1u);
}

TEST_F(ProduceFetchTest, BytesInFlightAreBounded) {
  BrokerOptions options = broker->options();
  options.produce_bytes_in_flight_max = 100;
  Broker small(*world, *catalog, allow_all, options, 1);
  create("t");
  std::vector<uint8_t> batch = batch_of({std::string(80, 'x')});
  ProduceRequest request;
  request.topics = {{TopicReference{"t", {}}, {{0, ByteView(batch)}}}};
  std::optional<PendingProduce> first = must(run(small.producer().append(request, caller, {})));
  std::stop_source stop;
  std::optional<Result<PendingProduce>> second;
  struct Run {
    static Task<void> append(Producer& producer, const ProduceRequest& request, const Caller& caller,
                             std::stop_token stop, std::optional<Result<PendingProduce>>& out) {
      out = co_await producer.append(request, caller, stop);
    }
  };
  TaskScope scope(sim.executor());
  scope.spawn(Run::append(small.producer(), request, caller, stop.get_token(), second));
  sim.executor().run_for(milliseconds(10));
  EXPECT_FALSE(second);
  first.reset();
  ASSERT_TRUE(sim.executor().run_until_true([&] { return second.has_value(); }));
  second.reset();
  run(small.stop());
}

TEST_F(ProduceFetchTest, AFetchWaitsWhereCompactionHasLeftNothing) {
  StreamHandle handle = stream("/main");
  Stream& main = *handle->stream;
  TopicSettings settings{.cleanup_policy = CleanupPolicy::compact, .delete_retention_ms = 0};
  auto created = must(main.create_topic("t", 1, TimestampType::create_time, settings));
  const TopicPartition place{created.id, 0};
  must(main.append_batch(place, RecordBatchBuilder().add({.key = "gone", .value = std::nullopt}).build()));
  must(main.extend_transaction({7, 0, "id", 60'000, {place}}));
  RecordBatchBuilder open;
  open.producer(7, 0, 0).transactional().add({.key = "k", .value = "open"});
  AppendedBatch appended = must(main.append_batch(place, open.build()));
  must(run(main.wait_durable(appended.lsn)));
  for (int i = 0; i < 2; ++i) must(run(main.purge()));
  FetchRequest request = fetch_request("t", 0);
  request.committed = true;
  request.min_bytes = 1;
  request.max_wait_ms = 700;
  SteadyTime began = now();
  FetchedPartition got = fetch(request)[0].partitions[0];
  EXPECT_TRUE(got.fault.ok()) << got.fault.message;
  EXPECT_TRUE(got.batches.empty());
  EXPECT_EQ(got.last_stable, 1);
  EXPECT_GE(now() - began, milliseconds(700));
  request.committed = false;
  EXPECT_EQ(records(fetch(request)[0].partitions[0]), 1u);
}

}  // namespace
}  // namespace distributary
