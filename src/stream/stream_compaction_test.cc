// Key compaction: of each key the newest record stays, whatever the budget, the codec, crashes and replicas.
#include <gtest/gtest.h>

#include "model/batch_filter.h"
#include "stream/compaction_harness.h"

namespace distributary {
namespace {

TEST(Compaction, KeepsTheNewestOfEachKeyAtItsOffset) {
  for (Codec codec : {Codec::none, Codec::lz4, Codec::zstd}) {
    CompactionHarness h;
    h.open();
    TopicPartition table{h.create("table"), 0};
    h.fill(table, 20, 30, codec);
    auto before = h.records(table);
    auto newest = h.table(table);
    uint64_t bytes = h.stream->logical_bytes();
    must(h.purge());
    auto after = h.records(table);
    EXPECT_LT(after.size(), before.size() / 4);
    EXPECT_EQ(h.table(table), newest);
    for (const auto& [offset, seen] : after) EXPECT_EQ(before.at(offset), seen);
    EXPECT_LT(h.stream->logical_bytes(), bytes);
    // From any offset the next record that is left.
    for (Offset from = 0; from < before.rbegin()->first; from += 7) {
      FetchedBatches fetched = must(h.fetch(table, from));
      ASSERT_FALSE(fetched.batches.empty()) << from;
      RecordBatchView first = must(RecordBatchView::parse(fetched.batches[0]));
      EXPECT_GT(first.next_offset(), from);
    }
    h.reopen_after_crash();
    EXPECT_EQ(h.records(table), after);
    must(h.purge());
    EXPECT_EQ(h.table(table), newest);
    EXPECT_EQ(h.put(table, {{"key 1", "later"}}), before.rbegin()->first + 1);
  }
}

TEST(Compaction, MoreKeysThanFitTakeSeveralPasses) {
  CompactionHarness h;
  h.options.compaction_map_bytes = 1000;  // some twenty keys
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 200, 6);
  auto newest = h.table(table);
  size_t before = h.records(table).size();
  must(h.purge());
  EXPECT_EQ(h.table(table), newest);
  EXPECT_LT(h.records(table).size(), before / 2);
}

TEST(Compaction, ATombstoneStaysForItsTimeAndNothingComesBack) {
  CompactionHarness h;
  h.options.topics.delete_retention_ms = 3'600'000;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.put(table, {{"gone", "value"}});
  h.fill(table, 10, 10);
  h.put(table, {{"gone", std::nullopt}});
  h.fill(table, 10, 10);
  must(h.purge());
  auto after = h.table(table);
  ASSERT_TRUE(after.contains("gone"));
  EXPECT_FALSE(after.at("gone").has_value());
  h.fill(table, 10, 3);
  must(h.purge());
  EXPECT_TRUE(h.table(table).contains("gone"));
  h.sim.executor().run_for(std::chrono::hours(2));
  must(h.purge());
  EXPECT_FALSE(h.table(table).contains("gone"));
  EXPECT_EQ(h.table(table).size(), 10u);
}

TEST(Compaction, YoungRecordsAndTheirPredecessorsStay) {
  CompactionHarness h;
  h.options.topics.min_compaction_lag_ms = 3'600'000;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 10, 10);
  size_t all = h.records(table).size();
  must(h.purge());
  EXPECT_EQ(h.records(table).size(), all);
  h.sim.executor().run_for(std::chrono::hours(2));
  must(h.purge());
  EXPECT_LT(h.records(table).size(), all / 2);
}

TEST(Compaction, RecordsWithoutAKeyStay) {
  CompactionHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  std::vector<Offset> keyless;
  for (int i = 0; i < 20; ++i) {
    h.put(table, {{"a", std::string(300, 'a')}});
    auto appended = must(h.stream->append_batch(table, RecordBatchBuilder().add({.value = "no key"}).build()));
    keyless.push_back(appended.base_offset);
    h.wait(appended.lsn);
  }
  must(h.purge());
  for (Offset offset : keyless) EXPECT_TRUE(h.batch_at(table, offset).has_value()) << offset;
  EXPECT_FALSE(h.batch_at(table, 0).has_value());
}

TEST(Compaction, EachTopicFollowsItsOwnSettings) {
  CompactionHarness h;
  h.options.topics.cleanup_policy = CleanupPolicy::remove;
  h.open();
  TopicPartition compacted = h.create_with("compacted", {.cleanup_policy = CleanupPolicy::compact});
  TopicPartition plain = h.create_with("plain", {});
  TopicPartition late = h.create_with("late", {});
  TopicPartition young =
      h.create_with("young", {.cleanup_policy = CleanupPolicy::compact, .min_compaction_lag_ms = INT64_MAX});
  const std::vector<TopicPartition> all{compacted, plain, late, young};
  for (TopicPartition topic : all) h.fill(topic, 10, 10);
  const size_t before = h.records(plain).size();
  must(h.purge());
  EXPECT_LT(h.records(compacted).size(), before / 4);
  for (TopicPartition topic : {plain, late, young}) EXPECT_EQ(h.records(topic).size(), before);
  h.set(late, {.cleanup_policy = CleanupPolicy::compact_and_remove});
  must(h.purge());
  EXPECT_LT(h.records(late).size(), before / 4);
  EXPECT_EQ(h.records(plain).size(), before);
  EXPECT_EQ(h.table(late), h.table(plain));
}

TEST(Compaction, WithDeleteRecordsGoByAgeToo) {
  CompactionHarness h;
  h.options.topics.cleanup_policy = CleanupPolicy::remove;
  h.open();
  TopicPartition both =
      h.create_with("both", {.cleanup_policy = CleanupPolicy::compact_and_remove, .retention_ms = 3'600'000});
  h.fill(both, 10, 10);
  must(h.purge());
  EXPECT_EQ(h.table(both).size(), 10u);
  h.advance(std::chrono::hours(2));
  h.put(both, {{"new", "value"}});
  h.wait(h.stream->last_lsn());
  h.retain();
  EXPECT_EQ(h.table(both).size(), 1u);
}

TEST(Compaction, ATombstoneGetsItsHorizonOnce) {
  CompactionHarness h;
  h.options.topics.delete_retention_ms = 3'600'000;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.put(table, {{"gone", "value"}});
  h.fill(table, 10, 10);
  Offset tombstone = h.put(table, {{"gone", std::nullopt}, {"other", "value"}});
  h.fill(table, 10, 10);
  must(h.purge());
  auto horizon = delete_horizon(must(RecordBatchView::parse(*h.batch_at(table, tombstone))));
  ASSERT_TRUE(horizon.has_value());
  EXPECT_NEAR(static_cast<double>(*horizon), static_cast<double>(h.sim.executor().wall_now() + 3'600'000), 1000.0);
  h.advance(std::chrono::minutes(30));
  must(h.purge());
  EXPECT_EQ(delete_horizon(must(RecordBatchView::parse(*h.batch_at(table, tombstone)))), horizon);
  h.advance(std::chrono::minutes(40));
  must(h.purge());
  EXPECT_FALSE(h.table(table).contains("gone"));
  EXPECT_TRUE(h.table(table).contains("other"));
}

// Its segment is due, that of the older record is not.
TEST(Compaction, AnExpiredTombstoneStaysWhileSomethingOlderIsLeft) {
  CompactionHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.put(table, {{"gone", "value"}});
  for (int i = 0; i < 100; ++i) h.put(table, {{"key " + std::to_string(i), std::string(200, 'v')}});
  RecordBatchBuilder builder;
  builder.add({.key = "gone", .value = std::nullopt, .timestamp = 5}).add({.key = "x", .value = "x", .timestamp = 5});
  std::vector<uint8_t> plain = builder.build();
  RecordBatchView batch = must(RecordBatchView::parse(plain));
  must(h.stream->append_batch(table,
                              must(filter_batch(batch, must(RecordReader::open(batch, 1000)), {true, true}, 10))));
  h.fill(table, 10, 30);
  h.retain();
  EXPECT_TRUE(h.batch_at(table, 0).has_value());
  EXPECT_FALSE(h.batch_at(table, 150).has_value());
  ASSERT_TRUE(h.table(table).contains("gone"));
  EXPECT_FALSE(h.table(table).at("gone").has_value());
  must(h.purge());
  must(h.purge());
  EXPECT_FALSE(h.table(table).contains("gone"));
}

// Who has read the older record, and not yet the tombstone, must get it, however far behind it is.
TEST(Compaction, ATombstoneStaysWhileAReaderIsBehindIt) {
  CompactionHarness h;
  h.options.topics.delete_retention_ms = 0;
  h.options.hold_bytes_max = 1;
  h.open();
  TopicPartition table{h.create("table"), 0};
  Lsn seen = h.stream->last_lsn();
  h.put(table, {{"gone", "value"}});
  h.fill(table, 10, 10);
  h.put(table, {{"gone", std::nullopt}});
  h.fill(table, 10, 10);
  h.stream->set_hold("link", seen + 1);
  for (int i = 0; i < 3; ++i) must(h.purge());
  EXPECT_FALSE(h.batch_at(table, 0).has_value()) << "past the limit, older records go";
  ASSERT_TRUE(h.table(table).contains("gone"));
  h.stream->release_hold("link");
  must(h.purge());
  EXPECT_FALSE(h.table(table).contains("gone"));
}

TEST(Compaction, NoTombstoneGoesWhileSomethingOlderCannotBeRead) {
  CompactionHarness h;
  h.cache = TailCache(0);
  h.options.topics.delete_retention_ms = 0;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 10, 5);
  h.put(table, {{"gone", "value"}});
  h.fill(table, 10, 10);
  h.put(table, {{"gone", std::nullopt}});
  h.fill(table, 10, 10);
  h.advance(std::chrono::seconds(2));
  std::string path = "/data/logs/" + to_string(LogId{h.origin.stream, 0}) + "/segment-00000000000000000001.log";
  must(h.sim.disk("host").flip_bit(path, 2000 * 8));
  for (int i = 0; i < 3; ++i) must(h.purge());
  EXPECT_FALSE(h.stream->failure().has_value());
  must(h.sim.disk("host").flip_bit(path, 2000 * 8));
  ASSERT_TRUE(h.table(table).contains("gone"));
  EXPECT_FALSE(h.table(table).at("gone").has_value());
}

TEST(Compaction, LittleThatIsSupersededWaitsForItsDeadline) {
  CompactionHarness h;
  h.options.dead_data_deadline = std::chrono::hours(1);
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 200; ++i) h.put(table, {{"key " + std::to_string(i), std::string(200, 'v')}});
  h.put(table, {{"key 7", "newer"}});
  h.fill(table, 10, 10);
  h.retain();
  EXPECT_TRUE(h.batch_at(table, 7).has_value());
  h.advance(std::chrono::hours(2));
  h.retain();
  EXPECT_FALSE(h.batch_at(table, 7).has_value());
  EXPECT_TRUE(h.batch_at(table, 11).has_value());
}

TEST(Compaction, FewStreamsOfANodeAreCompactedAtATime) {
  CompactionHarness h;
  NodeTurns turns(h.sim.executor());
  h.turns = &turns;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 10, 30);
  std::vector<std::optional<ReadTurns::Turn>> others(kCompactionsOfNode);
  for (auto& other : others) EXPECT_TRUE(turns.compactions.try_take(other));
  h.retain();
  h.stream->start_purge();
  h.advance(std::chrono::seconds(5));
  EXPECT_TRUE(h.batch_at(table, 0).has_value());
  others[0].reset();
  h.advance(std::chrono::seconds(1));
  EXPECT_FALSE(h.batch_at(table, 0).has_value());
  std::optional<ReadTurns::Turn> again;
  EXPECT_TRUE(turns.compactions.try_take(again)) << "it is given back";
  again.reset();
  h.fill(table, 10, 30);
  h.close();
}

// Nothing new comes, and what is left cannot go: rounds become rare, and tombstones go all the same.
TEST(Compaction, AnIdleStreamComesToRest) {
  CompactionHarness h;
  h.options.dead_data_deadline = std::chrono::hours(1);
  h.options.topics.delete_retention_ms = 7'200'000;
  h.options.hold_bytes_max = 1;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.put(table, {{"gone", "value"}});
  h.fill(table, 10, 10);
  h.put(table, {{"gone", std::nullopt}});
  h.fill(table, 10, 10);
  h.stream->set_hold("link", 5);
  size_t changes = 0;
  uint64_t bytes = h.stream->logical_bytes();
  for (int minute = 0; minute < 60 * 20; ++minute) {
    h.advance(std::chrono::minutes(1));
    h.retain();
    const bool changed = h.stream->logical_bytes() != bytes;
    bytes = h.stream->logical_bytes();
    changes += changed;
    if (minute == 60 * 15) {
      EXPECT_TRUE(h.table(table).contains("gone"));
      h.stream->release_hold("link");
    }
  }
  EXPECT_FALSE(h.table(table).contains("gone"));
  EXPECT_LT(changes, 10u);
  EXPECT_LT(h.rewrites(), 40u);
}

TEST(Compaction, WhatWasTooYoungGoesLater) {
  CompactionHarness h;
  h.options.topics.min_compaction_lag_ms = 3'600'000;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 10, 30);
  h.retain();
  EXPECT_TRUE(h.batch_at(table, 0).has_value());
  h.advance(std::chrono::hours(24 * 8));
  h.retain();
  EXPECT_FALSE(h.batch_at(table, 0).has_value());
}

TEST(Compaction, ATopicThatIsAlteredIsCompactedSoon) {
  CompactionHarness h;
  h.options.topics.cleanup_policy = CleanupPolicy::remove;
  h.open();
  TopicPartition compacted = h.create_with("compacted", {.cleanup_policy = CleanupPolicy::compact});
  TopicPartition altered = h.create_with("altered", {});
  h.fill(altered, 10, 30);
  h.fill(compacted, 10, 30);
  h.retain();
  EXPECT_FALSE(h.batch_at(compacted, 0).has_value());
  EXPECT_TRUE(h.batch_at(altered, 0).has_value());
  h.set(altered, {.cleanup_policy = CleanupPolicy::compact});
  h.retain();
  EXPECT_FALSE(h.batch_at(altered, 0).has_value());
}

TEST(Compaction, ATopicMayAskForItSooner) {
  CompactionHarness h;
  h.open();
  TopicPartition table =
      h.create_with("table", {.cleanup_policy = CleanupPolicy::compact, .max_compaction_lag_ms = 600'000});
  for (int i = 0; i < 200; ++i) h.put(table, {{"key " + std::to_string(i), std::string(200, 'v')}});
  h.put(table, {{"key 7", "newer"}});
  h.fill(table, 10, 10);
  h.retain();
  EXPECT_TRUE(h.batch_at(table, 7).has_value());
  h.put(table, {{"key 201", "v"}});
  h.advance(std::chrono::minutes(11));
  for (int minute = 0; minute < 15; ++minute) {
    h.retain();
    h.advance(std::chrono::minutes(1));
  }
  EXPECT_FALSE(h.batch_at(table, 7).has_value());
}

TEST(Compaction, FindsByTimeWhatIsLeft) {
  CompactionHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 100; ++i) {
    h.put(table, {{"key " + std::to_string(i % 5), std::string(200, 'x')}});
    h.sim.executor().run_for(std::chrono::seconds(1));
  }
  must(h.purge());
  auto left = h.records(table);
  auto first = must(h.sim.executor().run(h.stream->find_time(table, 0)));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->offset, left.begin()->first);
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_latest_time(table)))->offset, left.rbegin()->first);
}

TEST(Compaction, RunsByItselfWhenHalfIsNew) {
  CompactionHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 10, 60);
  auto newest = h.table(table);
  size_t all = h.records(table).size();
  must(h.sim.executor().run(h.stream->enforce_retention()));
  h.sim.executor().run_for(std::chrono::seconds(10));
  EXPECT_LT(h.records(table).size(), all / 2);
  EXPECT_EQ(h.table(table), newest);
}

TEST(Compaction, AReplicaOfACompactedStreamReadsTheSame) {
  CompactionHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 20, 20);
  must(h.purge());
  CompactionHarness replica(2);
  replica.options.topics.cleanup_policy = CleanupPolicy::remove;
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  h.replicate_to(replica);
  EXPECT_TRUE(replica.stream->state().same_as(h.stream->state()));
  EXPECT_EQ(replica.records(table), h.records(table));
  replica.reopen_after_crash();
  EXPECT_EQ(replica.records(table), h.records(table));
}

TEST(Compaction, ALostBatchIsStillDamage) {
  CompactionHarness h;
  h.cache = TailCache(0);
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.fill(table, 20, 20);
  must(h.purge());
  auto left = h.records(table);
  h.close();
  // A flipped bit in what is left: named, not taken for a hole.
  std::string directory = "/data/logs/" + to_string(LogId{h.origin.stream, 0});
  std::string path;
  for (const std::string& name : must(h.sim.executor().run(h.world->files.list(directory)))) {
    if (name.starts_with("segment-") && name.size() > 40) path = directory + "/" + name;
  }
  ASSERT_FALSE(path.empty());
  size_t size = must(h.sim.disk("host").durable_content(path)).size();
  size_t named = 0;
  for (size_t at = 200; at + 200 < size; at += 97) {
    must(h.sim.disk("host").flip_bit(path, at * 8 + 1));
    h.open();
    for (const auto& [offset, seen] : left) {
      auto fetched = h.fetch(table, offset, 1);
      if (!fetched) {
        EXPECT_EQ(fetched.error().code, ErrorCode::corrupt);
        ++named;
        continue;
      }
      ASSERT_FALSE(fetched->batches.empty());
      EXPECT_LE(must(RecordBatchView::parse(fetched->batches[0])).base_offset(), offset) << "stepped over";
    }
    h.close();
    must(h.sim.disk("host").flip_bit(path, at * 8 + 1));
  }
  EXPECT_GT(named, 0u);
  h.open();
}

// Random keys, tombstones and crashes; after each the table is what was written, and no survivor is lost.
TEST(Compaction, ACrashAtAnyMomentLosesNoSurvivor) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CompactionHarness h(seed);
    h.options.segment_bytes = 4000;
    h.options.checkpoint_bytes = 8000;
    h.options.topics.delete_retention_ms = static_cast<int64_t>(h.sim.random().below(2) * 1000);
    if (seed % 2 == 0) h.options.compaction_map_bytes = 500;
    h.open();
    TopicPartition table{h.create("table", 1), 0};
    std::map<std::string, std::optional<std::string>> model;
    std::map<Offset, CompactionHarness::Seen> written;
    for (int life = 0; life < 4; ++life) {
      for (int i = 0; i < 60; ++i) {
        std::string key = "key " + std::to_string(h.sim.random().below(15));
        std::optional<std::string> value;
        if (h.sim.random().below(5) != 0) value = std::to_string(i) + std::string(h.sim.random().below(300), 'v');
        Offset offset = h.put(table, {{key, value}});
        written[offset] = {key, value};
        model[key] = value;
      }
      h.wait(h.stream->last_lsn());
      h.stream->start_purge();
      h.sim.executor().run_for(std::chrono::microseconds(h.sim.random().below(20'000)));
      h.reopen_after_crash();
      ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
      for (int purged = 0; purged < 2; ++purged) {
        for (const auto& [offset, seen] : h.records(table)) ASSERT_EQ(seen, written.at(offset));
        auto read = h.table(table);
        for (const auto& [key, value] : model) {
          ASSERT_TRUE(read.contains(key) || !value) << key << " is lost";
          if (read.contains(key)) {
            ASSERT_EQ(read.at(key), value) << key;
          }
        }
        must(h.purge());
      }
    }
  }
}

}  // namespace
}  // namespace distributary
