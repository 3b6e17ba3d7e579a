#include "stream/stream.h"

#include <gtest/gtest.h>

#include "model/record.h"
#include "stream/stream_harness.h"

namespace distributary {

Offset StreamHarness::add_values(const Bytes& bytes, Offset from, std::vector<std::string>& values) {
  RecordBatchView batch = must(RecordBatchView::parse(bytes));
  EXPECT_EQ(batch.computed_crc(), batch.crc());
  RecordReader reader = must(RecordReader::open(batch, 1 << 20));
  while (auto record = must(reader.next())) {
    if (record->offset < from) continue;
    EXPECT_EQ(record->offset, from);
    values.push_back(std::string(as_text(*record->value)));
    ++from;
  }
  return from;
}

namespace {

std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> values;
  for (int i = from; i < to; ++i) values.push_back("value " + std::to_string(i));
  return values;
}

TEST(Stream, GivesBackWhatWasProduced) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks", 3), 1};
  EXPECT_EQ(h.produce(clicks, numbered(0, 3)).base_offset, 0);
  EXPECT_EQ(h.produce(clicks, numbered(3, 5)).base_offset, 3);
  EXPECT_EQ(h.read_all(clicks), numbered(0, 5));
  EXPECT_EQ(must(h.fetch(clicks, 4)).batches.size(), 1u);
  EXPECT_TRUE(must(h.fetch(clicks, 5)).batches.empty());
  EXPECT_EQ(h.fetch(clicks, 6).error().code, ErrorCode::out_of_range);
  EXPECT_EQ(h.fetch({clicks.topic, 9}, 0).error().code, ErrorCode::not_found);
}

TEST(Stream, NothingUndurableIsSeen) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  AppendedBatch appended = h.append(clicks, {"a"});
  EXPECT_TRUE(must(h.fetch(clicks, 0)).batches.empty());
  EXPECT_LT(h.stream->durable_end().next, appended.lsn + 1);
  h.wait(appended.lsn);
  EXPECT_EQ(must(h.fetch(clicks, 0)).batches.size(), 1u);
}

TEST(Stream, WhoWaitsForAnAsyncStreamDoesNotWaitForItsBackgroundSync) {
  StreamHarness h;
  h.options.durability = Durability::async;
  h.options.async_flush = std::chrono::hours(1);
  h.open();
  TopicUuid topic = h.create("clicks");
  SteadyTime begin = h.sim.executor().clock().now();
  AppendedBatch first = h.append({topic, 0}, {"a"});
  must(h.sim.executor().run(h.stream->wait_acknowledged(first.lsn)));
  EXPECT_LT(h.stream->durable_lsn(), first.lsn);
  h.wait(first.lsn);
  EXPECT_LT(h.sim.executor().clock().now() - begin, std::chrono::minutes(1));
}

TEST(Stream, CleanReopenGoesOnWhereItWas) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  h.produce(clicks, numbered(0, 10));
  h.close();
  h.open();
  EXPECT_EQ(h.read_all(clicks), numbered(0, 10));
  EXPECT_EQ(h.produce(clicks, {"next"}).base_offset, 10);
}

// A checkpoint that waits for the background sync is given up when the stream is closed; what it had taken must be in
// the one that closing writes.
TEST(Stream, ClosedWhileACheckpointWaits) {
  StreamHarness h;
  h.options.durability = Durability::async;
  h.options.async_flush = std::chrono::hours(1);
  h.cache = TailCache(0);
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  h.options.checkpoint_entries = 4;
  h.stream->set_options(h.options);
  auto let_upkeep_run = [&] { must(h.sim.executor().run(sleep_for(h.world->executor, std::chrono::minutes(1)))); };
  for (int i = 0; i < 8; ++i) h.produce(clicks, numbered(i, i + 1));
  let_upkeep_run();
  for (int i = 8; i < 16; ++i) h.append(clicks, numbered(i, i + 1));
  let_upkeep_run();
  TopicUuid other = must(h.stream->create_topic("made while it waits", 1, TimestampType::create_time)).id;
  h.close();
  h.open();
  EXPECT_EQ(h.read_all(clicks), numbered(0, 16));
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_NE(h.stream->state().topic(other), nullptr);
}

TEST(Stream, SegmentsRollAreIndexedMergedAndFound) {
  StreamHarness h;
  h.options.segment_bytes = 4096;
  h.options.checkpoint_bytes = 16 << 10;
  h.cache = TailCache(0);
  h.open();
  TopicPartition busy{h.create("busy", 2), 0};
  TopicPartition quiet{busy.topic, 1};
  h.produce(quiet, {"first"});
  for (int i = 0; i < 300; ++i) h.produce(busy, numbered(i, i + 1));
  h.produce(quiet, {"last"});
  EXPECT_EQ(h.read_all(busy), numbered(0, 300));
  EXPECT_EQ(h.read_all(quiet), (std::vector<std::string>{"first", "last"}));
  h.reopen_after_crash();
  EXPECT_EQ(h.read_all(busy), numbered(0, 300));
  EXPECT_EQ(h.read_all(quiet), (std::vector<std::string>{"first", "last"}));
}

TEST(Stream, AckedSurvivesAnyCrashAndNothingElseAppears) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StreamHarness h(seed);
    h.options.segment_bytes = 8192;
    h.options.checkpoint_bytes = 20'000;
    h.open();
    TopicPartition partition{h.create("t"), 0};
    int produced = 0;
    int acked = 0;
    for (int life = 0; life < 4; ++life) {
      Lsn last = 0;
      int rounds = static_cast<int>(h.sim.random().below(40));
      for (int i = 0; i < rounds; ++i) {
        int count = 1 + static_cast<int>(h.sim.random().below(5));
        last = h.append(partition, numbered(produced, produced + count)).lsn;
        produced += count;
        if (h.sim.random().below(3) == 0) {
          h.wait(last);
          acked = produced;
        }
        if (h.sim.random().below(4) == 0)
          h.sim.executor().run_for(std::chrono::microseconds(h.sim.random().below(3000)));
      }
      h.reopen_after_crash();
      ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
      Offset next = h.stream->state().topic(partition.topic)->partitions[0].next;
      ASSERT_GE(next, acked);
      ASSERT_LE(next, produced);
      ASSERT_EQ(h.read_all(partition), numbered(0, static_cast<int>(next)));
      produced = acked = static_cast<int>(next);
    }
  }
}

TEST(Stream, DuplicateOfAnIdempotentProducerIsAnsweredNotAppended) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  int64_t id = must(h.stream->issue_producer_ids(10)).first;
  auto batch = [&](int32_t sequence) {
    return RecordBatchBuilder().producer(id, 0, sequence).add({.value = "v"}).build();
  };
  EXPECT_EQ(must(h.stream->append_batch(clicks, batch(0))).base_offset, 0);
  EXPECT_EQ(must(h.stream->append_batch(clicks, batch(1))).base_offset, 1);
  AppendedBatch again = must(h.stream->append_batch(clicks, batch(0)));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, 0);
  EXPECT_EQ(h.stream->append_batch(clicks, batch(5)).error().code, ErrorCode::conflict);
  h.wait(h.stream->last_lsn());
  h.reopen_after_crash();
  EXPECT_TRUE(must(h.stream->append_batch(clicks, batch(1))).duplicate);
  EXPECT_EQ(must(h.stream->append_batch(clicks, batch(2))).base_offset, 2);
}

TEST(Stream, ReplicaOfItsHistoryIsTheSame) {
  StreamHarness source(3);
  source.options.segment_bytes = 8192;
  source.open();
  TopicPartition clicks{source.create("clicks", 2), 0};
  for (int i = 0; i < 100; ++i) source.produce({clicks.topic, static_cast<PartitionIndex>(i % 2)}, numbered(i, i + 2));
  source.wait(must(source.stream->commit_cursors("group", {{clicks, 17, 0, "note"}})));

  StreamHarness replica(4);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  LogPosition position = must(source.sim.executor().run(source.stream->find_position({})));
  for (;;) {
    LogChunk chunk = must(source.sim.executor().run(source.stream->read_log(position, 10'000)));
    if (chunk.contents.empty()) break;
    for (const Bytes& content : chunk.contents) must(replica.stream->append_replicated(content));
    for (const Bytes& content : chunk.contents) must(replica.stream->append_replicated(content));  // twice does no harm
    position = chunk.next;
  }
  EXPECT_EQ(position.next, source.stream->durable_end().next);
  EXPECT_EQ(position.history_records, source.stream->durable_end().history_records);
  replica.wait(replica.stream->last_lsn());
  EXPECT_TRUE(replica.stream->state().same_as(source.stream->state()));
  EXPECT_EQ(replica.read_all(clicks), source.read_all(clicks));
  EXPECT_EQ(replica.stream->append_batch(clicks, batch_of({"x"})).error().code, ErrorCode::not_owner);
  EXPECT_EQ(replica.stream->state().cursor("group", clicks)->offset, 17);

  OriginPosition half = source.stream->state().origin(source.origin);
  Hash128 chain = *must(source.sim.executor().run(source.stream->chain_at(source.origin, half.lsn / 2)));
  EXPECT_EQ(*must(replica.sim.executor().run(replica.stream->chain_at(source.origin, half.lsn / 2))), chain);
  EXPECT_NE(chain, half.chain);
}

TEST(Stream, HistoryOfSmallGroupsIsReadOnce) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  for (int i = 0; i < 2000; ++i) h.produce(clicks, {std::string(500, 'x')});
  h.close();  // and with it what the tail cache holds
  h.open();
  const uint64_t log = h.stream->logical_bytes();
  ASSERT_GT(log, 1u << 20);
  const uint64_t before = h.sim.disk("host").bytes_read;
  LogPosition position = must(h.sim.executor().run(h.stream->find_position({})));
  while (position.next < h.stream->durable_end().next) {
    position = must(h.sim.executor().run(h.stream->read_log(position, 512 << 10))).next;
  }
  EXPECT_LT(h.sim.disk("host").bytes_read - before, 2 * log);
}

TEST(Stream, FindsRecordsByTime) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  for (int i = 0; i < 20; ++i) h.produce(clicks, {"a", "b"}, 1000 + i * 10);
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_time(clicks, 1055)))->offset, 12);
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_time(clicks, 0)))->offset, 0);
  EXPECT_FALSE(must(h.sim.executor().run(h.stream->find_time(clicks, 5000))).has_value());
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_latest_time(clicks)))->timestamp, 1190);
}

TEST(Stream, TtlDropsWholeSegmentsButNotWhatALinkHolds) {
  StreamHarness h;
  h.options.segment_bytes = 4096;
  h.options.ttl = std::chrono::seconds(60);
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  for (int i = 0; i < 50; ++i) h.produce(clicks, numbered(i, i + 1));
  h.stream->set_hold("link", 5);
  h.sim.executor().run_for(std::chrono::seconds(120));
  must(h.sim.executor().run(h.stream->enforce_retention()));
  EXPECT_EQ(h.stream->state().topic(clicks.topic)->partitions[0].log_start, 0);
  h.stream->release_hold("link");
  must(h.sim.executor().run(h.stream->enforce_retention()));
  Offset log_start = h.stream->state().topic(clicks.topic)->partitions[0].log_start;
  EXPECT_GT(log_start, 0);
  EXPECT_EQ(h.fetch(clicks, 0).error().code, ErrorCode::out_of_range);
  EXPECT_EQ(h.read_all(clicks), numbered(static_cast<int>(log_start), 50));
  h.reopen_after_crash();
  EXPECT_EQ(h.read_all(clicks), numbered(static_cast<int>(log_start), 50));
  EXPECT_EQ(h.produce(clicks, {"next"}).base_offset, 50);
}

TEST(Stream, ReplicaOfATrimmedStreamBeginsWithABaseline) {
  StreamHarness h;
  h.options.segment_bytes = 4096;
  h.options.ttl = std::chrono::seconds(60);
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  for (int i = 0; i < 50; ++i) h.produce(clicks, numbered(i, i + 1));
  h.wait(must(h.stream->commit_cursors("group", {{clicks, 30, 0, ""}})));
  h.sim.executor().run_for(std::chrono::seconds(120));
  must(h.sim.executor().run(h.stream->enforce_retention()));
  h.produce(clicks, {"value 50"});
  must(h.sim.executor().run(h.stream->enforce_retention()));
  ASSERT_GT(h.stream->state().topic(clicks.topic)->partitions[0].log_start, 0);
  EXPECT_EQ(h.sim.executor().run(h.stream->find_position({})).error().code, ErrorCode::gap);

  StreamHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  Stream::Baselines baselines = must(h.sim.executor().run(h.stream->baselines()));
  for (const Bytes& content : baselines.contents) must(replica.stream->append_replicated(content));
  LogChunk chunk = must(h.sim.executor().run(h.stream->read_log(baselines.position, 1 << 20)));
  for (const Bytes& content : chunk.contents) must(replica.stream->append_replicated(content));
  replica.wait(replica.stream->last_lsn());
  EXPECT_EQ(replica.stream->state().origins(), h.stream->state().origins());
  EXPECT_EQ(replica.read_all(clicks), h.read_all(clicks));
  EXPECT_EQ(replica.stream->state().cursor("group", clicks)->offset, 30);
  replica.reopen_after_crash();
  EXPECT_EQ(replica.read_all(clicks), h.read_all(clicks));

  // The replica's own replica gets the baseline like any entry.
  StreamHarness second(3);
  second.origin.stream = Uuid::from_random({10});
  second.open();
  LogChunk all = must(replica.sim.executor().run(
      replica.stream->read_log(must(replica.sim.executor().run(replica.stream->find_position({}))), 1 << 20)));
  for (const Bytes& content : all.contents) must(second.stream->append_replicated(content));
  EXPECT_EQ(second.stream->state().origins(), h.stream->state().origins());
  second.wait(second.stream->last_lsn());
}

TEST(Stream, ATrimmedLogWithoutCheckpointsIsReadFromItsBaseline) {
  StreamHarness h;
  h.options.segment_bytes = 4096;
  h.options.ttl = std::chrono::seconds(60);
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  for (int i = 0; i < 50; ++i) h.produce(clicks, numbered(i, i + 1));
  h.sim.executor().run_for(std::chrono::seconds(120));
  must(h.sim.executor().run(h.stream->enforce_retention()));
  must(h.sim.executor().run(h.stream->enforce_retention()));
  std::vector<std::string> before = h.read_all(clicks);
  h.close();
  std::string directory = "/data/logs/" + to_string(LogId{h.origin.stream, 0});
  for (const std::string& name : must(h.sim.executor().run(h.world->files.list(directory)))) {
    bool wanted = name.starts_with("blob-checkpoint") || name.starts_with("blob-index");
    if (wanted) must(h.sim.executor().run(h.world->files.remove(directory + "/" + name)));
  }
  h.open();
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_EQ(h.read_all(clicks), before);
}

TEST(Stream, LowSpaceRefusesProduceAndNothingElse) {
  StreamHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  h.produce(clicks, {"a"});
  h.stream->set_space_low(true);
  EXPECT_EQ(h.stream->append_batch(clicks, batch_of({"b"})).error().code, ErrorCode::storage_full);
  h.wait(must(h.stream->commit_cursors("g", {{clicks, 1, 0, ""}})));
  EXPECT_EQ(h.read_all(clicks).size(), 1u);
  h.stream->set_space_low(false);
  EXPECT_EQ(h.produce(clicks, {"b"}).base_offset, 1);
}

}  // namespace
}  // namespace distributary
