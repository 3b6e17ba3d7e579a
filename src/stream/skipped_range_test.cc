// Ranges that came over a link, what may be dropped at the end of a partition, and what is not in order in a range.
#include "stream/skipped_range.h"

#include <gtest/gtest.h>

#include "stream/key_compaction.h"
#include "stream/transactional_harness.h"

namespace distributary {
namespace {

Bytes content_of(const ContentFields& fields, ByteView payload) {
  std::vector<uint8_t> bytes;
  const size_t begin = begin_entry(bytes, fields, payload);
  const size_t length = seal_entry(bytes, begin, 1, 0).bytes().size();
  return Bytes(std::move(bytes)).slice(kEntryLocalHeaderBytes, length);
}

// The whole log, as links read it.
std::vector<Bytes> contents(StreamHarness& h) {
  std::vector<Bytes> all;
  LogPosition position = must(h.sim.executor().run(h.stream->find_position({})));
  while (position.next < h.stream->durable_end().next) {
    LogChunk chunk = must(h.sim.executor().run(h.stream->read_log(position, 5000)));
    all.insert(all.end(), chunk.contents.begin(), chunk.contents.end());
    position = chunk.next;
  }
  return all;
}

void apply_all(StreamState& state, const std::vector<Bytes>& all) {
  for (const Bytes& bytes : all) must(state.apply(ContentView(bytes)));
}

// A replica that is told things by a source, whatever they are.
struct ToldReplica : TransactionalHarness {
  ToldReplica() : TransactionalHarness(2) {
    origin.stream = Uuid::from_random({9});
    options.segment_bytes = 1 << 20;  // all in one
    open();
  }
  // What the source really has, which says that ranges will follow.
  void begin_with(TransactionalHarness& of) {
    source = of.origin;
    ContentFields fields;
    fields.entry_class = EntryClass::baseline;
    fields.type = EntryType::baseline;
    fields.origin = source;
    must(stream->append_replicated(content_of(fields, StreamState().encode_baseline(source, 1000))));
    of.replicate_to(*this);
  }
  void take(ContentFields fields, ByteView payload) {
    const OriginPosition at = stream->state().origin(source);
    fields.origin = source;
    fields.origin_lsn = at.lsn + 1;
    fields.chain_before = at.chain;
    must(stream->append_replicated(content_of(fields, payload)));
  }
  void take(const Skipped& range) {
    ContentFields fields;
    fields.entry_class = EntryClass::rewritten;
    fields.type = EntryType::skipped;
    take(fields, range.encode());
  }
  void take_batch(TopicPartition partition, const std::string& key) {
    ContentFields fields;
    fields.topic = partition.topic;
    fields.base_offset = stream->state().topic(partition.topic)->partitions[0].next;
    fields.offset_count = 1;
    RecordBatchBuilder builder;
    builder.base_offset(fields.base_offset).add({.key = key, .value = "value", .timestamp = 1000});
    take(fields, builder.build());
    wait(stream->last_lsn());
  }
  void take_position(TopicPartition partition) {
    ContentFields fields;
    fields.type = EntryType::cursors_committed;
    take(fields, CursorsCommitted{"alone", source.stream, {{partition, 1, 0, ""}}}.encode());
  }
  // Lets everything so far be rewritten.
  void purge_all(TopicPartition dead) {
    put(dead, {{"key", std::string(4000, 'd')}});
    wait(stream->last_lsn());
    wait(must(stream->delete_topic(dead.topic)));
    must(purge());
  }
  std::vector<Skipped> ranges() {
    std::vector<Skipped> all;
    for (const Bytes& bytes : contents(*this)) {
      ContentView content(bytes);
      if (content.type() == EntryType::skipped) all.push_back(must(Skipped::decode(content.payload())));
    }
    return all;
  }

  Origin source;
};

SkippedNote end_note(uint64_t at, int64_t producer) {
  return {at, EntryType::transaction_ended, 0, TransactionEnded{producer, 0, 0, true, false, {}}.encode()};
}

SkippedNote begin_note(uint64_t at, int64_t producer, TopicPartition partition) {
  TransactionExtended extended{producer, 0, "id " + std::to_string(producer), 60'000, {partition}};
  return {at, EntryType::transaction_extended, 0, extended.encode()};
}

// What a transaction in it has committed would be one group too many, were it said in another way.
TEST(SkippedRange, OneThatWasTakenStaysAsItIs) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  const Offset first = h.put(table, {{"first", "value"}});
  h.begin(table, 1);
  ToldReplica replica;
  TopicPartition dead{replica.create("dead"), 0};
  replica.begin_with(h);
  Skipped range;
  range.count = 5;
  range.partitions.push_back({table, first + 1, first + 4, false});
  for (size_t i = 0; i < kSkippedGroupsMax; ++i)
    range.groups.push_back({"group " + std::to_string(i), {{0, 0, {table, 1, 0, ""}}}});
  TransactionPositions positions{1, 0, "another group", {{table, 1, 0, ""}}};
  range.notes.push_back(end_note(1, 1));
  range.notes.push_back(begin_note(2, 1, table));
  range.notes.push_back({3, EntryType::transaction_positions, 0, positions.encode()});
  range.notes.push_back(end_note(4, 1));
  replica.take(range);
  replica.take_batch(table, "after");
  const auto before = replica.records(table);
  const auto cursors = replica.stream->state().cursors();
  replica.purge_all(dead);
  EXPECT_GT(replica.rewrites(), 0u);
  EXPECT_EQ(replica.ranges().front(), range);
  replica.reopen_after_crash();
  EXPECT_TRUE(replica.stream->damage().empty());
  EXPECT_EQ(replica.records(table), before);
  EXPECT_EQ(replica.stream->state().cursors(), cursors);
}

// Two things are said to be at one place of the range; put together with what follows nobody could read it.
TEST(SkippedRange, WhatCouldNotBeReadIsNotWritten) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.put(table, {{"first", "value"}});
  h.begin(table, 1);
  ToldReplica replica;
  TopicPartition dead{replica.create("dead"), 0};
  replica.begin_with(h);
  Skipped range;
  range.count = 4;
  range.transactions.push_back({.at = 3, .producer_id = 2, .committed = true, .transactional_id = "id 2"});
  range.notes.push_back(end_note(1, 1));
  range.notes.push_back(begin_note(2, 1, table));
  range.notes.push_back(end_note(3, 1));
  replica.take(range);
  replica.take_position(table);
  replica.take_batch(table, "after");
  const auto before = replica.records(table);
  replica.purge_all(dead);
  EXPECT_EQ(replica.rewrites(), 0u);
  EXPECT_EQ(replica.ranges(), std::vector<Skipped>{range});
  replica.reopen_after_crash();
  EXPECT_TRUE(replica.stream->damage().empty());
  EXPECT_EQ(replica.records(table), before);
}

// What is behind the high watermark may be lost in a crash; the end of the partition would be gone with it.
TEST(SkippedRange, TheLastDurableEndOfAPartitionStays) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  const Offset marker = h.whole(table, 1, "key", "value", true) + 1;
  h.put(table, {{"key", "newer"}});
  h.wait(h.stream->last_lsn());
  StreamState state;
  const std::vector<Bytes> all = contents(h);
  apply_all(state, all);
  auto end = std::ranges::find_if(
      all, [](const Bytes& bytes) { return ContentView(bytes).type() == EntryType::transaction_ended; });
  ASSERT_NE(end, all.end());
  const uint32_t ordinal = state.topic(table.topic)->ordinal;
  state.set_high_watermark(ordinal, 0, marker + 1);
  EXPECT_FALSE(is_droppable(state, ContentView(*end)));
  state.set_high_watermark(ordinal, 0, marker + 2);
  EXPECT_TRUE(is_droppable(state, ContentView(*end)));
}

// Likewise a batch of tombstones past their horizon.
TEST(SkippedRange, TheLastDurableBatchOfAPartitionStays) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  const Offset last = h.put(table, {{"key", std::nullopt}});
  h.put(table, {{"other", "value"}});
  h.wait(h.stream->last_lsn());
  StreamState state;
  const std::vector<Bytes> all = contents(h);
  apply_all(state, all);
  auto batch = std::ranges::find_if(all, [](const Bytes& bytes) { return ContentView(bytes).is_batch(); });
  ASSERT_NE(batch, all.end());
  const Topic& topic = *state.topic(table.topic);
  KeyMap map(Uuid{}, 1 << 20, 1, 0);
  map.note(map.hash(index_key(topic.ordinal, 0), as_bytes("key")), {.offset = last, .kind = KeyMap::Kind::expired});
  EffectiveTopicSettings rules;
  rules.cleanup_policy = CleanupPolicy::compact;
  KeyCompaction compaction(state, [&](const Topic&) { return rules; }, std::vector<bool>(topic.ordinal + 1, true), 2000,
                           std::move(map), {});
  compaction.begin_row(0, false);
  state.set_high_watermark(topic.ordinal, 0, last + 1);
  EXPECT_EQ(compaction.judge(ContentView(*batch), topic, 2000).fate, Verdict::Fate::keep);
  state.set_high_watermark(topic.ordinal, 0, last + 2);
  EXPECT_EQ(compaction.judge(ContentView(*batch), topic, 2000).fate, Verdict::Fate::drop);
}

TEST(SkippedRange, IsRefusedWhereItsStepsAreNotInOrder) {
  TransactionalHarness h;
  h.open();
  TopicPartition table{h.create("table"), 0};
  h.wait(must(h.stream->extend_transaction({1, 3, "id 1", 60'000, {table}})));
  h.wait(must(h.stream->end_transaction({1, 3, true, false})));
  const OriginPosition at = h.stream->state().origin(h.origin);
  auto apply = [&](const Skipped& range) {
    StreamState state;
    apply_all(state, contents(h));
    ContentFields fields{EntryClass::rewritten, EntryType::skipped, h.origin, at.lsn + 1, at.chain};
    return state.apply(ContentView(content_of(fields, range.encode())));
  };
  auto settled = [&](int16_t epoch) {
    Skipped range;
    range.count = 1;
    range.transactions.push_back({.producer_id = 1, .epoch = 5, .ended_epoch = epoch, .transactional_id = "id 1"});
    return range;
  };
  EXPECT_TRUE(apply(settled(3)));
  EXPECT_FALSE(apply(settled(2))) << "a newer epoch has ended one";
  auto ended = [&](Offset one, Offset other) {
    Skipped range;
    range.count = 4;
    range.partitions.push_back({table, 0, 2, false});
    for (uint64_t i = 0; i < 2; ++i) {
      const auto producer = static_cast<int64_t>(i + 2);
      const TransactionEnded end{producer, 0, 0, false, false, {{table, i == 0 ? one : other, 0}}};
      range.notes.push_back(begin_note(2 * i, producer, table));
      range.notes.push_back({2 * i + 1, EntryType::transaction_ended, 0, end.encode()});
    }
    return range;
  };
  EXPECT_TRUE(apply(ended(0, 1)));
  EXPECT_FALSE(apply(ended(1, 0))) << "the markers do not ascend";
  EXPECT_FALSE(apply(ended(1, 1))) << "both have one place";
}

}  // namespace
}  // namespace distributary
