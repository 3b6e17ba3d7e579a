// Key compaction of what transactions have written: only what was committed counts, and nothing that is open.
#include <gtest/gtest.h>

#include "stream/transactional_harness.h"

namespace distributary {
namespace {

const std::string kLong(300, 'v');

TEST(CompactionOfTransactions, CommittedRecordsAreCompacted) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 40; ++i) h.whole(table, 1, "key " + std::to_string(i % 4), kLong + std::to_string(i), true);
  h.whole(table, 1, "last", "last", true);
  auto before = h.committed_table(table);
  must(h.purge());
  EXPECT_EQ(h.records(table).size(), 5u);
  EXPECT_EQ(h.committed_table(table), before);
  h.reopen_after_crash();
  EXPECT_EQ(h.committed_table(table), before);
}

TEST(CompactionOfTransactions, AbortedRecordsSupersedeNothingAndGo) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  Offset kept = h.whole(table, 1, "key", kLong, true);
  h.begin(table, 1);
  Offset first = h.send(table, 1, "key", "aborted");
  Offset second = h.send(table, 1, "key", std::nullopt);
  h.end(1, false);
  h.whole(table, 1, "other", kLong, true);
  must(h.purge());
  EXPECT_TRUE(h.batch_at(table, kept).has_value());
  EXPECT_TRUE(h.batch_at(table, first).has_value()) << "it says where the transaction began";
  EXPECT_FALSE(h.batch_at(table, second).has_value());
  EXPECT_EQ(h.committed_table(table).at("key"), kLong);
}

TEST(CompactionOfTransactions, NothingFromTheFirstOpenRecordOnCounts) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  Offset below = h.put(table, {{"key", kLong}});
  Offset newer = h.put(table, {{"key", kLong + "newer"}});
  h.begin(table, 1);
  Offset open = h.send(table, 1, "key", "open");
  Offset above = h.put(table, {{"key", "above"}});
  h.put(table, {{"key", "last"}});
  h.wait(h.stream->last_lsn());
  for (int i = 0; i < 2; ++i) must(h.purge());
  EXPECT_FALSE(h.batch_at(table, below).has_value());
  for (Offset offset : {newer, open, above}) EXPECT_TRUE(h.batch_at(table, offset).has_value()) << offset;
  h.end(1, true);
  h.put(table, {{"another", "value"}});
  must(h.purge());
  for (Offset offset : {newer, open, above}) EXPECT_FALSE(h.batch_at(table, offset).has_value()) << offset;
  EXPECT_EQ(h.committed_table(table).at("key"), "last");
}

// Deleted records of transactions give their space back too, once it has ended.
TEST(CompactionOfTransactions, WhatIsBelowTheLogStartGoes) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 40; ++i) h.whole(table, 1, "key " + std::to_string(i), kLong, i % 4 != 0);
  h.begin(table, 1);
  h.send(table, 1, "open", kLong);
  Offset end = h.put(table, {{"last", "value"}});
  uint64_t bytes = h.stream->logical_bytes();
  h.wait(must(h.stream->delete_records(table, end)));
  must(h.purge());
  EXPECT_LT(h.stream->logical_bytes(), bytes * 3 / 4);
  h.end(1, false);
  must(h.purge());
  h.reopen_after_crash();
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_EQ(h.records(table).size(), 1u);
}

TEST(CompactionOfTransactions, ADeletedTopicOfAnOpenTransactionGoes) {
  TransactionalHarness h;
  h.open();
  TopicPartition deleted{h.create("deleted"), 0};
  TopicPartition table{h.create("table"), 0};
  h.begin(deleted, 1);
  h.begin(table, 1);
  for (int i = 0; i < 40; ++i) h.send(deleted, 1, "key " + std::to_string(i), kLong);
  h.sequences.clear();
  h.send(table, 1, "key", "value");
  uint64_t bytes = h.stream->logical_bytes();
  h.wait(must(h.stream->delete_topic(deleted.topic)));
  must(h.purge());
  EXPECT_LT(h.stream->logical_bytes(), bytes / 3);
  h.reopen_after_crash();
  EXPECT_TRUE(h.committed_table(table).empty());
  TransactionalHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  h.replicate_to(replica);
  EXPECT_TRUE(replica.stream->state().same_as(h.stream->state()));
  h.end(1, true);
  EXPECT_EQ(h.committed_table(table).at("key"), "value");
}

// Random transactions of several producers, with crashes and a replica after each life: readers of committed records
// see the newest of each key and nothing else, on both sides.
TEST(CompactionOfTransactions, ACrashAtAnyMomentShowsWhatWasCommitted) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TransactionalHarness h(seed);
    h.options.segment_bytes = 4000;
    h.options.checkpoint_bytes = 8000;
    h.options.topics.delete_retention_ms = 0;
    if (seed % 2 == 0) h.options.durability = Durability::async;
    h.open();
    TopicPartition table{h.create("table"), 0};
    std::map<std::string, std::optional<std::string>> model;
    int made = 0;
    for (int life = 0; life < 3; ++life) {
      for (int i = 0; i < 25; ++i) {
        const auto producer = static_cast<int64_t>(1 + h.sim.random().below(3));
        const bool committed = h.sim.random().below(3) != 0;
        std::map<std::string, std::optional<std::string>> sent;
        h.begin(table, producer);
        for (uint64_t n = 1 + h.sim.random().below(3); n > 0; --n) {
          std::string key = "key " + std::to_string(h.sim.random().below(12));
          std::optional<std::string> value;
          if (h.sim.random().below(4) != 0)
            value = std::to_string(made++) + std::string(h.sim.random().below(300), 'v');
          h.send(table, producer, key, value);
          sent[key] = value;
        }
        h.end(producer, committed);
        if (!committed) continue;
        for (const auto& item : sent) model[item.first] = item.second;
      }
      h.stream->start_purge();
      h.advance(std::chrono::microseconds(h.sim.random().below(20'000)));
      h.reopen_after_crash();
      ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
      for (int purged = 0; purged < 3; ++purged) {
        auto read = h.committed_table(table);
        for (const auto& [key, value] : model) {
          ASSERT_TRUE(read.contains(key) || !value) << key << " is lost";
          if (read.contains(key)) {
            ASSERT_EQ(read.at(key), value) << key;
          }
        }
        must(h.purge());
      }
      TransactionalHarness replica(seed + 100);
      replica.origin.stream = Uuid::from_random({9});
      replica.open();
      h.replicate_to(replica);
      ASSERT_TRUE(replica.stream->state().same_as(h.stream->state()));
      ASSERT_EQ(replica.committed_table(table), h.committed_table(table));
      must(replica.purge());
      ASSERT_TRUE(replica.stream->state().same_as(h.stream->state()));
    }
  }
}

}  // namespace
}  // namespace distributary
