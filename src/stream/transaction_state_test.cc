// Transactions in the log: state from entries, markers that partitions show, checkpoints, baselines, replicas, crashes.
#include "model/record.h"
#include "stream/stream_harness.h"

namespace distributary {
namespace {

constexpr int64_t kProducer = 77;

class TransactionTest : public testing::Test, protected StreamHarness {
 protected:
  TransactionTest() {
    open();
    topic = create("t", 2);
  }
  TopicPartition part(uint32_t partition = 0) const { return {topic, partition}; }
  const TransactionState& transactions() const { return stream->state().transactions(); }
  const TransactionProducer& producer() const { return *transactions().producer(origin.stream, kProducer); }
  Offset last_stable(uint32_t partition = 0) const {
    return stream->state().last_stable(*stream->state().topic(topic), partition);
  }

  void extend(std::vector<TopicPartition> partitions, int16_t epoch = 0) {
    wait(must(stream->extend_transaction({kProducer, epoch, "id", 60'000, std::move(partitions)})));
  }
  Result<AppendedBatch> send(uint32_t partition, std::vector<std::string> values, int32_t sequence, int16_t epoch = 0) {
    RecordBatchBuilder builder;
    builder.producer(kProducer, epoch, sequence).transactional();
    for (const std::string& value : values) builder.add({.key = "k", .value = value, .timestamp = 5});
    return stream->append_batch(part(partition), builder.build());
  }
  Lsn end(bool committed, int16_t next_epoch = 0) {
    return must(stream->end_transaction({kProducer, next_epoch, committed, false}));
  }
  std::vector<std::string> committed_values(uint32_t partition) {
    std::vector<std::string> values;
    FetchedBatches fetched = must(sim.executor().run(stream->fetch(part(partition), 0, 1 << 20, true, true)));
    Offset end_offset = fetched.batches.empty() ? 0 : RecordBatchView::parse(fetched.batches.back())->next_offset();
    auto aborted = transactions().aborted(part(partition), 0, end_offset);
    for (const Piece& bytes : fetched.batches) {
      RecordBatchView batch = must(RecordBatchView::parse(bytes));
      bool dropped = std::ranges::any_of(aborted, [&](const AbortedTransaction& one) {
        return batch.transactional() && one.producer_id == batch.producer_id() && one.first <= batch.base_offset() &&
               batch.base_offset() <= one.marker;
      });
      if (batch.control() || dropped) continue;
      RecordReader reader = must(RecordReader::open(batch, 1 << 20));
      for (auto record = must(reader.next()); record; record = must(reader.next()))
        values.push_back(std::string(as_text(*record->value)));
    }
    return values;
  }
  // The same through a second stream that follows this one.
  StreamState replay() {
    StreamState copy;
    LogPosition from;
    for (;;) {
      LogChunk chunk = must(sim.executor().run(stream->read_log(from, 1 << 20)));
      if (chunk.contents.empty()) return copy;
      for (const Bytes& bytes : chunk.contents) must(copy.apply(must(ContentView::parse(bytes))));
      from = chunk.next;
    }
  }
  StreamState through_chunks() {
    StreamState copy;
    for (const StateChunk& chunk : stream->state().all_chunks())
      must(copy.load_chunk(chunk, stream->state().encode_chunk(chunk)));
    return copy;
  }

  TopicUuid topic;
};

TEST_F(TransactionTest, CommitShowsEverythingAtOnce) {
  extend({part(0), part(1)});
  must(send(0, {"a", "b"}, 0));
  wait(must(send(1, {"c"}, 0)).lsn);
  produce(part(0), {"beside"});
  EXPECT_EQ(last_stable(0), 0);
  EXPECT_TRUE(committed_values(0).empty());
  EXPECT_EQ(read_all(part(1)), std::vector<std::string>{"c"});
  Lsn lsn = end(true);
  EXPECT_FALSE(producer().open);
  EXPECT_EQ(last_stable(0), 0) << "the end is not durable yet";
  wait(lsn);
  EXPECT_EQ(last_stable(0), 4);
  EXPECT_EQ(committed_values(0), (std::vector<std::string>{"a", "b", "beside"}));
  EXPECT_EQ(committed_values(1), std::vector<std::string>{"c"});
  EXPECT_TRUE(transactions().aborted(part(0), 0, 100).empty());
}

TEST_F(TransactionTest, MarkersAreControlBatches) {
  extend({part(0), part(1)});
  wait(must(send(0, {"a"}, 0)).lsn);
  wait(end(false));
  FetchedBatches fetched = must(fetch(part(0), 1));
  ASSERT_EQ(fetched.batches.size(), 1u);
  RecordBatchView batch = must(RecordBatchView::parse(fetched.batches[0]));
  EXPECT_EQ(batch.crc(), batch.computed_crc());
  EXPECT_TRUE(batch.control() && batch.transactional());
  TransactionEnd marker = must(parse_control_batch(batch));
  EXPECT_EQ(marker.base_offset, 1);
  EXPECT_EQ(marker.producer_id, kProducer);
  EXPECT_FALSE(marker.committed);
  // Nothing was written to partition 1, so it shows no marker.
  EXPECT_EQ(stream->state().topic(topic)->partitions[1].next, 0);
  auto aborted = transactions().aborted(part(0), 0, 1);
  ASSERT_EQ(aborted.size(), 1u);
  EXPECT_EQ(aborted[0], (AbortedTransaction{kProducer, 0, 1}));
  EXPECT_TRUE(transactions().aborted(part(0), 2, 100).empty());
  EXPECT_TRUE(committed_values(0).empty());
}

TEST_F(TransactionTest, BatchNeedsAnOpenTransactionOfItsEpoch) {
  EXPECT_FALSE(send(0, {"a"}, 0));
  extend({part(0)}, 3);
  EXPECT_FALSE(send(1, {"a"}, 0, 3)) << "the partition was not added";
  EXPECT_FALSE(send(0, {"a"}, 0, 2));
  wait(must(send(0, {"a"}, 0, 3)).lsn);
  EXPECT_FALSE(stream->extend_transaction({kProducer, 4, "id", 1, {}})) << "another epoch while one is open";
  wait(end(true, 4));
  EXPECT_FALSE(send(0, {"late"}, 1, 3));
  EXPECT_FALSE(stream->extend_transaction({kProducer, 3, "id", 1, {part(0)}})) << "the epoch is over";
  EXPECT_FALSE(stream->end_transaction({kProducer, 4, true, false})) << "nothing is open";
  extend({part(0)}, 4);
  EXPECT_FALSE(stream->end_transaction({kProducer, 3, true, false})) << "epochs do not go back";
  wait(must(send(0, {"next"}, 0, 4)).lsn);
  EXPECT_EQ(read_all(part(0)).size(), 3u);
}

TEST_F(TransactionTest, PositionsBecomeCursorsWithTheEnd) {
  produce(part(0), {"a", "b", "c"});
  extend({});
  wait(must(stream->add_positions({kProducer, 0, "g", {{part(0), 2, 0, "note"}}})));
  EXPECT_EQ(stream->state().cursor("g", part(0)), nullptr);
  EXPECT_TRUE(transactions().position_pending("g", part(0)));
  EXPECT_FALSE(transactions().position_pending("g", part(1)));
  wait(end(true));
  ASSERT_NE(stream->state().cursor("g", part(0)), nullptr);
  EXPECT_EQ(stream->state().cursor("g", part(0))->offset, 2);
  EXPECT_FALSE(transactions().position_pending("g", part(0)));
  extend({});
  wait(must(stream->add_positions({kProducer, 0, "g", {{part(0), 3, 0, ""}}})));
  wait(end(false));
  EXPECT_EQ(stream->state().cursor("g", part(0))->offset, 2) << "an abort forgets them";
}

TEST_F(TransactionTest, EverythingSurvivesACrashAndIsTheSameElsewhere) {
  must(stream->register_transactional_id({"id", kProducer, 0, kNoProducerId, kNoProducerEpoch, 60'000, origin.stream}));
  extend({part(0), part(1)});
  wait(must(send(0, {"aborted"}, 0)).lsn);
  wait(end(false));
  extend({part(0), part(1)});
  wait(must(send(0, {"open"}, 1)).lsn);
  wait(must(stream->add_positions({kProducer, 0, "g", {{part(0), 1, 0, ""}}})));
  StreamState before = replay();
  EXPECT_TRUE(before.same_as(stream->state()));
  EXPECT_TRUE(through_chunks().same_as(stream->state()));
  reopen_after_crash();
  EXPECT_TRUE(stream->state().same_as(before));
  EXPECT_EQ(transactions().id(origin.stream, "id")->producer_id, kProducer);
  EXPECT_TRUE(producer().open);
  EXPECT_EQ(last_stable(0), 2);
  close();
  open();  // from the checkpoint
  EXPECT_TRUE(stream->state().same_as(before));
  EXPECT_EQ(last_stable(0), 2);
  wait(end(true));
  EXPECT_EQ(committed_values(0), std::vector<std::string>{"open"});
  EXPECT_EQ(stream->state().cursor("g", part(0))->offset, 1);
  EXPECT_TRUE(replay().same_as(stream->state()));
}

TEST_F(TransactionTest, AnUndurableEndIsTakenBackWhole) {
  extend({part(0), part(1)});
  must(send(0, {"a"}, 0));
  wait(must(send(1, {"b"}, 0)).lsn);
  end(true);
  crash();
  open();
  if (producer().open) {
    EXPECT_EQ(last_stable(0), 0);
    EXPECT_EQ(last_stable(1), 0);
  } else {
    EXPECT_EQ(last_stable(0), 2);
    EXPECT_EQ(last_stable(1), 2);
  }
}

TEST_F(TransactionTest, ReadsWhatWasSealedAndMerged) {
  options.segment_bytes = 4096;
  close();
  open();
  std::vector<std::string> expected;
  int32_t sequence = 0;
  for (int round = 0; round < 60; ++round) {
    extend({part(0)});
    std::string value = "round " + std::to_string(round);
    wait(must(send(0, {value}, sequence++)).lsn);
    wait(end(round % 3 != 0));
    if (round % 3 != 0) expected.push_back(value);
  }
  EXPECT_EQ(committed_values(0), expected);
  cache.drop({origin.stream, 0});
  EXPECT_EQ(committed_values(0), expected) << "from the disk";
  reopen_after_crash();
  EXPECT_EQ(committed_values(0), expected);
  EXPECT_EQ(transactions().aborted(part(0), 0, 1000).size(), 20u);
  wait(must(stream->delete_records(part(0), 60)));
  EXPECT_EQ(transactions().aborted(part(0), 0, 1000).size(), 10u) << "what lies below the log start is forgotten";
  EXPECT_TRUE(replay().same_as(stream->state()));
}

TEST_F(TransactionTest, BaselineCarriesWhatIsOpen) {
  wait(must(stream->issue_producer_ids(10)).lsn);
  extend({part(0)});
  wait(must(send(0, {"a"}, 0)).lsn);
  ContentFields fields;
  fields.entry_class = EntryClass::baseline;
  fields.type = EntryType::baseline;
  fields.origin = origin;
  fields.origin_lsn = stream->state().origin(origin).lsn;
  fields.chain_before = stream->state().origin(origin).chain;
  std::vector<uint8_t> entry;
  begin_entry(entry, fields, stream->state().encode_baseline(origin, 0));
  StreamState replica;
  must(replica.apply(seal_entry(entry, 0, 1, 0)));
  EXPECT_TRUE(replica.same_as(stream->state()));
  const Topic* there = replica.topic(topic);
  EXPECT_EQ(replica.last_stable(*there, 0), 1) << "what is not there cannot be unstable";
  LogPosition from = stream->durable_end();
  wait(must(send(0, {"b"}, 1)).lsn);
  wait(end(false));
  for (const Bytes& bytes : must(sim.executor().run(stream->read_log(from, 1 << 20))).contents)
    must(replica.apply(must(ContentView::parse(bytes))));
  EXPECT_TRUE(replica.same_as(stream->state()));
  EXPECT_EQ(replica.transactions().aborted(part(0), 1, 2).size(), 1u);
}

TEST_F(TransactionTest, DeletedTopicsAndExpiredProducersAreForgotten) {
  TopicUuid other = create("other");
  must(stream->register_transactional_id({"id", kProducer, 0, kNoProducerId, kNoProducerEpoch, 60'000, origin.stream}));
  extend({part(0), {other, 0}});
  wait(must(send(0, {"a"}, 0)).lsn);
  wait(must(stream->delete_topic(topic)));
  EXPECT_EQ(producer().partitions.size(), 1u);
  wait(must(stream->expire_producers({kProducer})));
  EXPECT_NE(transactions().producer(origin.stream, kProducer), nullptr) << "an open transaction is not forgotten";
  wait(end(true));
  wait(must(stream->expire_producers({kProducer})));
  EXPECT_TRUE(transactions().empty());
  EXPECT_TRUE(replay().same_as(stream->state()));
}

}  // namespace
}  // namespace distributary
