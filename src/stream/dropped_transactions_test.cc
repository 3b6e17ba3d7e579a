// What a rewrite drops beside records: entries of transactions, and positions. Whoever replays the log must be,
// wherever a range ends, where the originals would have brought it.
#include <gtest/gtest.h>

#include "model/rewritten_entry.h"
#include "stream/transactional_harness.h"

namespace distributary {
namespace {

struct DroppingHarness : TransactionalHarness {
  explicit DroppingHarness(uint64_t seed = 1) : TransactionalHarness(seed) {}

  // The whole log, as links read it.
  std::vector<Bytes> contents() {
    std::vector<Bytes> all;
    LogPosition position = must(sim.executor().run(stream->find_position({})));
    while (position.next < stream->durable_end().next) {
      LogChunk chunk = must(sim.executor().run(stream->read_log(position, 5000)));
      all.insert(all.end(), chunk.contents.begin(), chunk.contents.end());
      position = chunk.next;
    }
    return all;
  }
  size_t count(EntryType type) {
    const std::vector<Bytes> all = contents();
    return static_cast<size_t>(
        std::ranges::count_if(all, [&](const Bytes& bytes) { return ContentView(bytes).type() == type; }));
  }
  void advance_log(TopicPartition partition, int batches) {
    for (int i = 0; i < batches; ++i) put(partition, {{"filler", std::string(700, 'f')}});
    wait(stream->last_lsn());
  }
};

OriginLsn last_of(const Bytes& bytes) { return ContentView(bytes).last_origin_lsn(); }

// Somebody who has read one up to an LSN at which both have a boundary, and goes on with the other, is where everybody
// else is.
void expect_same_crossed(const std::vector<Bytes>& first, const std::vector<Bytes>& second, OriginLsn at,
                         const StreamState& whole) {
  StreamState crossed;
  for (const Bytes& bytes : first) {
    if (last_of(bytes) <= at) must(crossed.apply(ContentView(bytes)));
  }
  for (const Bytes& bytes : second) {
    if (last_of(bytes) > at) must(crossed.apply(ContentView(bytes)));
  }
  EXPECT_TRUE(crossed.same_as(whole)) << "crossed at origin LSN " << at;
}

// One history as it was written and one that was rewritten: wherever a range ends cursors and open transactions are the
// same, all is where nothing is open, and at the end.
void expect_same_history(const std::vector<Bytes>& originals, const std::vector<Bytes>& rewritten) {
  StreamState whole;
  StreamState reduced;
  size_t next = 0;
  for (const Bytes& bytes : rewritten) {
    must(reduced.apply(ContentView(bytes)));
    while (next < originals.size() && last_of(originals[next]) <= last_of(bytes))
      must(whole.apply(ContentView(originals[next++])));
    ASSERT_EQ(reduced.transactions().open(), whole.transactions().open()) << "after origin LSN " << last_of(bytes);
    ASSERT_EQ(reduced.cursors(), whole.cursors()) << "after origin LSN " << last_of(bytes);
    if (!whole.transactions().open().empty()) continue;
    ASSERT_TRUE(reduced.same_as(whole)) << "after origin LSN " << last_of(bytes);
  }
  EXPECT_EQ(next, originals.size());
  EXPECT_TRUE(reduced.same_as(whole));
  for (size_t part = 1; part < 8; ++part) {
    const OriginLsn at = last_of(rewritten[rewritten.size() * part / 8]);
    expect_same_crossed(originals, rewritten, at, whole);
    expect_same_crossed(rewritten, originals, at, whole);
  }
}

// What a compacted topic keeps of commits does not grow with their number.
TEST(DroppedTransactions, TheLogDoesNotGrowWithCommits) {
  std::map<int, uint64_t> kept;
  for (int commits : {400, 2000}) {
    DroppingHarness h;
    h.options.segment_bytes = 64 << 10;
    h.options.checkpoint_bytes = 128 << 10;
    h.open();
    TopicPartition table{h.create("table"), 0};
    TopicPartition source{h.create("source"), 0};
    for (int i = 0; i < commits; ++i) {
      h.begin(table, 1);
      h.send(table, 1, "key " + std::to_string(i % 3), std::to_string(i));
      h.commit_positions(1, "application", source, i);
      h.end(1, true);
    }
    uint64_t notes = 0;
    for (const Bytes& bytes : h.contents()) {
      ContentView content(bytes);
      if (!content.is_batch()) notes += entry_length(content.payload().size());
    }
    for (int i = 0; i < 3; ++i) must(h.purge());
    kept[commits] = h.stream->logical_bytes();
    RecordProperty("notes_of_" + std::to_string(commits), std::to_string(notes));
    RecordProperty("kept_of_" + std::to_string(commits), std::to_string(kept[commits]));
  }
  EXPECT_LT(kept[2000], kept[400] + 2000);
}

// Nor when they write to another topic too, of which the log start follows.
TEST(DroppedTransactions, TheLogDoesNotGrowBesideATopicWithRetention) {
  std::map<int, uint64_t> kept;
  for (int commits : {20, 100}) {
    DroppingHarness h;
    h.open();
    TopicPartition table{h.create("table"), 0};
    TopicPartition output{h.create("output"), 0};
    int32_t sequence = 0;
    for (int i = 1; i <= 6 * commits; ++i) {
      h.begin(table, 1);
      h.begin(output, 1);
      h.sequences[1] = sequence;
      h.send(table, 1, "key " + std::to_string(i % 3), std::to_string(i));
      h.sequences[1] = sequence++;
      const Offset written = h.send(output, 1, "result " + std::to_string(i), std::to_string(i));
      h.end(1, true);
      if (i % commits != 0) continue;
      must(h.purge());  // of the output nothing is below the log start then
      h.wait(must(h.stream->delete_records(output, written)));
    }
    for (int i = 0; i < 2; ++i) must(h.purge());
    kept[commits] = h.stream->logical_bytes();
    RecordProperty("kept_of_" + std::to_string(commits), std::to_string(kept[commits]));
  }
  EXPECT_LT(kept[100], kept[20] + 3000);
}

TEST(DroppedTransactions, OfTransactionsWithoutRecordsNothingIsLeft) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  TopicPartition source{h.create("source"), 0};
  for (int i = 0; i < 200; ++i) {
    h.begin(table, 1);
    h.send(table, 1, "key " + std::to_string(i % 3), std::to_string(i));
    h.commit_positions(1, "application", source, i);
    h.end(1, true);
  }
  const auto before = h.committed_table(table);
  const std::vector<Bytes> originals = h.contents();
  must(h.purge());
  EXPECT_LE(h.count(EntryType::transaction_ended), 3u);
  EXPECT_LE(h.count(EntryType::transaction_extended), 3u);
  EXPECT_LE(h.count(EntryType::transaction_positions), 3u);
  expect_same_history(originals, h.contents());
  EXPECT_EQ(h.committed_table(table), before);
  EXPECT_EQ(h.stream->state().cursor("application", source)->offset, 199);
  h.reopen_after_crash();
  EXPECT_EQ(h.committed_table(table), before);
  DroppingHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  h.replicate_to(replica);
  EXPECT_TRUE(replica.stream->state().same_as(h.stream->state()));
  EXPECT_EQ(replica.committed_table(table), before);
}

// The end of a transaction is no longer needed by a reader of what it has committed.
TEST(DroppedTransactions, RecordsThatAreLeftStayCommitted) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 40; ++i) h.whole(table, 1, i == 7 ? "kept" : "key", std::string(300, 'v'), true);
  h.put(table, {{"end", "of the partition"}});
  const std::vector<Bytes> originals = h.contents();
  must(h.purge());
  expect_same_history(originals, h.contents());
  h.reopen_after_crash();
  EXPECT_EQ(h.committed_table(table).size(), 3u);
  EXPECT_EQ(h.records(table).size(), 3u);
}

// Readers of committed records learn from the end which records to leave out.
TEST(DroppedTransactions, AbortedOnesStayUntilTheirRecordsAreDeleted) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.whole(table, 1, "key", "value", true);
  for (int i = 0; i < 30; ++i) h.whole(table, 1, "key", std::string(300, 'v'), false);
  const Offset end = h.put(table, {{"last", "value"}});
  h.advance_log(table, 12);
  must(h.purge());
  EXPECT_GE(h.count(EntryType::transaction_ended), 30u);
  h.wait(must(h.stream->delete_records(table, end)));
  const std::vector<Bytes> originals = h.contents();
  must(h.purge());
  EXPECT_LE(h.count(EntryType::transaction_ended), 2u);
  expect_same_history(originals, h.contents());
}

TEST(DroppedTransactions, TheEndOfAPartitionStays) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  TopicPartition other{h.create("other"), 0};
  h.whole(table, 1, "key", "value", true);
  const Offset left = h.whole(table, 1, "key", std::nullopt, true);
  h.advance_log(other, 30);
  for (int i = 0; i < 3; ++i) must(h.purge());
  auto marker = h.batch_at(table, left + 1);
  ASSERT_TRUE(marker.has_value());
  EXPECT_TRUE(must(RecordBatchView::parse(*marker)).control());
}

// Transactions of several producers are open all the time.
TEST(DroppedTransactions, ThoseThatOverlapGo) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int64_t producer = 1; producer <= 3; ++producer) h.begin(table, producer);
  for (int i = 0; i < 60; ++i) {
    const int64_t producer = 1 + i % 3;
    h.send(table, producer, "key", std::to_string(i));
    h.commit_positions(producer, "group", table, i);
    h.end(producer, i % 10 != 9);
    h.begin(table, producer);
  }
  for (int64_t producer = 1; producer <= 3; ++producer) h.end(producer, true);
  h.advance_log(table, 30);
  const std::vector<Bytes> originals = h.contents();
  must(h.purge());
  must(h.purge());
  EXPECT_EQ(h.count(EntryType::transaction_ended), 6u) << "those that were aborted";
  expect_same_history(originals, h.contents());
}

TEST(DroppedTransactions, PositionsAloneArePutTogether) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  for (int i = 0; i < 100; ++i) {
    h.wait(must(h.stream->commit_cursors("group " + std::to_string(i % 2), {{table, i, 0, "metadata"}})));
    h.put(table, {{"key", std::string(100, 'v')}});
  }
  h.wait(must(h.stream->delete_cursors({"group 1", {table}})));
  h.advance_log(table, 30);
  const std::vector<Bytes> originals = h.contents();
  must(h.purge());
  EXPECT_LE(h.count(EntryType::cursors_committed), 2u);
  expect_same_history(originals, h.contents());
}

TEST(DroppedTransactions, ARangeIsRefusedWhereItDoesNotFollow) {
  DroppingHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.begin(table, 1);
  StreamState state;
  for (const Bytes& bytes : h.contents()) must(state.apply(ContentView(bytes)));
  const OriginPosition at = state.origin(h.origin);
  auto apply = [&](const Skipped& skipped, bool after_damage) {
    std::vector<uint8_t> bytes;
    ContentFields fields{EntryClass::rewritten, EntryType::skipped, h.origin, at.lsn + 1, at.chain};
    const size_t begin = begin_entry(bytes, fields, skipped.encode());
    return state.apply(seal_entry(bytes, begin, 1, 0), after_damage);
  };
  Skipped settled;
  settled.count = 1;
  settled.transactions.push_back({.producer_id = 1, .committed = true, .transactional_id = "id 1"});
  EXPECT_FALSE(apply(settled, false)) << "it has an open transaction";
  Skipped other;
  other.count = 1;
  other.notes.push_back({0, EntryType::transaction_ended, 0, TransactionEnded{2, 0, 0, true, false, {}}.encode()});
  EXPECT_FALSE(apply(other, false)) << "it has none";
  Skipped outside;
  outside.count = 1;
  outside.notes.push_back(
      {0, EntryType::transaction_ended, 0, TransactionEnded{1, 0, 0, true, false, {{table, 5, 0}}}.encode()});
  EXPECT_FALSE(apply(outside, false)) << "its marker is elsewhere";
  EXPECT_EQ(state.transactions().open().size(), 1u);
  EXPECT_TRUE(apply(settled, true)) << "in a log that is damaged it is taken";
  EXPECT_TRUE(state.transactions().open().empty());
  EXPECT_EQ(state.transactions().first_unstable(table, 10), INT64_MAX);
}

// Whatever is written, rewritten again and again: the history stays the same.
TEST(DroppedTransactions, AnyHistoryStaysTheSame) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DroppingHarness h(seed);
    h.options.segment_bytes = 4000;
    h.options.checkpoint_bytes = 8000;
    h.options.topics.delete_retention_ms = 0;
    h.open();
    std::vector<TopicPartition> tables{{h.create("one"), 0}, {h.create("other"), 0}};
    std::map<int64_t, std::map<TopicPartition, int32_t>> sequences;
    std::map<int64_t, bool> open;
    std::vector<Bytes> originals;
    OriginLsn known = 0;
    auto note_originals = [&] {
      for (const Bytes& bytes : h.contents()) {
        ContentView content(bytes);
        if (content.last_origin_lsn() <= known) continue;
        originals.push_back(bytes);
        known = content.last_origin_lsn();
      }
    };
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 120; ++i) {
        const auto producer = static_cast<int64_t>(1 + h.sim.random().below(3));
        const TopicPartition& table = tables[h.sim.random().below(2)];
        const uint64_t what = h.sim.random().below(10);
        if (!open[producer]) {
          h.begin(tables[0], producer);
          open[producer] = true;
        } else if (what < 4) {
          h.begin(table, producer);
          RecordBatchBuilder builder;
          builder.producer(producer, 0, sequences[producer][table]++).transactional();
          builder.add({.key = "key " + std::to_string(h.sim.random().below(4)),
                       .value = std::string(h.sim.random().below(200), 'v'),
                       .timestamp = h.sim.executor().wall_now()});
          h.wait(must(h.stream->append_batch(table, builder.build())).lsn);
        } else if (what < 6) {
          h.commit_positions(producer, "group " + std::to_string(h.sim.random().below(2)), table, i);
        } else if (what < 9) {
          h.end(producer, what != 8 || h.sim.random().below(3) != 0);
          open[producer] = false;
        } else if (h.sim.random().below(4) == 0) {
          h.wait(must(h.stream->commit_cursors("alone", {{table, i, 0, "metadata"}})));
        } else if (h.sim.random().below(20) == 0) {
          h.wait(must(h.stream->delete_cursors({"group 1", {table}})));
        } else if (h.sim.random().below(20) == 0) {
          h.wait(must(h.stream->delete_records(table, h.last_stable(table))));
        }
      }
      note_originals();
      must(h.purge());
      const std::vector<Bytes> rewritten = h.contents();
      expect_same_history(originals, rewritten);
      if (HasFatalFailure()) return;
      h.reopen_after_crash();
      ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
    }
  }
}

}  // namespace
}  // namespace distributary
