// The coordinator: both flows of clients, fencing, one stream, positions, time-outs, restarts.
#include "broker/broker_harness.h"
#include "model/record.h"

namespace distributary {
namespace {

class TransactionsTest : public testing::Test, protected BrokerHarness {
 protected:
  TransactionsTest() {
    create("t", 2);
    create_stream("/other");
    create("/other:t");
  }

  ProducerPair begin(const std::string& id = "tx", int64_t producer_id = -1, int16_t epoch = -1,
                     int32_t timeout_ms = 60'000) {
    InitTransactions request{id, timeout_ms, producer_id, epoch};
    return run(broker->transactions().begin(std::move(request), caller, {}));
  }
  ProducerClaim claim(const ProducerPair& pair, const std::string& id = "tx") {
    return {id, pair.producer_id, pair.epoch};
  }
  KafkaError add(const ProducerPair& pair, const std::string& topic, int32_t partition = 0,
                 const std::string& id = "tx") {
    std::vector<TransactionTopic> topics{{topic, {partition}}};
    return run(broker->transactions().add_partitions(claim(pair, id), topics, caller, {}))[0][0].error;
  }
  KafkaError send(const ProducerPair& pair, const std::string& topic, const std::string& value, int32_t sequence,
                  bool adds = false, int32_t partition = 0, const std::string& id = "tx") {
    RecordBatchBuilder builder;
    builder.producer(pair.producer_id, pair.epoch, sequence).transactional();
    builder.add({.key = "k", .value = value, .timestamp = 5});
    std::vector<uint8_t> batch = builder.build();
    ProduceRequest request;
    request.transactional_id = id;
    request.adds_partitions = adds;
    request.topics = {{TopicReference{topic, {}}, {{partition, ByteView(batch)}}}};
    PendingProduce pending = must(run(broker->producer().append(request, caller, {})));
    return run(broker->producer().finish(std::move(pending), {}))[0].partitions[0].fault.error;
  }
  ProducerPair end(const ProducerPair& pair, bool commit, bool raise = false, const std::string& id = "tx") {
    return run(broker->transactions().end(claim(pair, id), commit, raise, caller, {}));
  }
  std::vector<std::vector<Fault>> commit_position(const ProducerPair& pair, const std::string& topic, Offset offset) {
    std::vector<CursorCommitTopic> topics{{TopicReference{topic, {}}, {{0, offset, -1, ""}}}};
    return run(broker->transactions().add_positions(claim(pair), "g", topics, caller, {}));
  }
  FoundCursor position(const std::string& topic, bool stable) {
    std::vector<CursorQueryTopic> topics{{TopicReference{topic, {}}, {0}}};
    return run(broker->cursors().find("g", topics, caller, {}, stable))[0].partitions[0];
  }
  FetchedPartition read(const std::string& topic, bool committed = true, int32_t partition = 0) {
    FetchRequest request = fetch_request(topic, 0, partition);
    request.committed = committed;
    request.max_wait_ms = 0;
    return fetch(request)[0].partitions[0];
  }
  // What a reader of committed records is given, as a client filters it.
  std::vector<std::string> values(const std::string& topic, int32_t partition = 0) {
    FetchedPartition got = read(topic, true, partition);
    std::vector<std::string> out;
    std::map<int64_t, bool> dropping;
    for (const Piece& bytes : got.batches) {
      RecordBatchView batch = must(RecordBatchView::parse(bytes));
      for (const AbortedTransaction& one : got.aborted) {
        if (one.first == batch.base_offset() && one.producer_id == batch.producer_id())
          dropping[one.producer_id] = true;
      }
      if (batch.control()) {
        dropping[batch.producer_id()] = false;
        continue;
      }
      if (batch.transactional() && dropping[batch.producer_id()]) continue;
      RecordReader reader = must(RecordReader::open(batch, 1 << 20));
      for (auto record = must(reader.next()); record; record = must(reader.next()))
        out.push_back(std::string(as_text(*record->value)));
    }
    return out;
  }
  Offset end_offset(const std::string& topic, bool committed) {
    std::vector<OffsetQuery> queries{{TopicReference{topic, {}}, {{.partition = 0}}}};
    return run(broker->offsets().list(queries, caller, committed))[0][0].offset;
  }
  void pass(Duration span) { (void)run(sleep_for(world->executor, span)); }
};

TEST_F(TransactionsTest, FirstFlowCommitsAndAborts) {
  ProducerPair one = begin();
  ASSERT_TRUE(one.fault.ok()) << one.fault.message;
  EXPECT_EQ(one.epoch, 0);
  EXPECT_EQ(send(one, "t", "not added", 0), KafkaError::invalid_txn_state);
  EXPECT_EQ(add(one, "t"), KafkaError::none);
  EXPECT_EQ(send(one, "t", "a", 0), KafkaError::none);
  EXPECT_TRUE(values("t").empty());
  EXPECT_EQ(read("t").last_stable, 0);
  EXPECT_EQ(read("t", false).batches.size(), 1u);
  EXPECT_EQ(end_offset("t", true), 0);
  EXPECT_EQ(end_offset("t", false), 1);
  ProducerPair ended = end(one, true);
  EXPECT_TRUE(ended.fault.ok()) << ended.fault.message;
  EXPECT_EQ(ended.epoch, 0) << "the epoch stays";
  EXPECT_EQ(values("t"), std::vector<std::string>{"a"});
  EXPECT_EQ(end_offset("t", true), 2);
  EXPECT_TRUE(end(one, true).fault.ok()) << "asked again";
  EXPECT_EQ(end(one, false).fault.error, KafkaError::invalid_txn_state);
  EXPECT_EQ(send(one, "t", "late", 1), KafkaError::invalid_txn_state);
  EXPECT_EQ(add(one, "t"), KafkaError::none);
  EXPECT_EQ(send(one, "t", "b", 1), KafkaError::none);
  EXPECT_TRUE(end(one, false).fault.ok());
  EXPECT_EQ(values("t"), std::vector<std::string>{"a"});
  EXPECT_EQ(read("t").aborted.size(), 1u);
  EXPECT_TRUE(read("t", false).aborted.empty());
}

TEST_F(TransactionsTest, SecondFlowRaisesTheEpochWithEveryEnd) {
  ProducerPair one = begin();
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  EXPECT_EQ(send(one, "t", "b", 0, true, 1), KafkaError::none);
  ProducerPair two = end(one, true, true);
  ASSERT_TRUE(two.fault.ok()) << two.fault.message;
  EXPECT_EQ(two.epoch, 1);
  EXPECT_EQ(two.producer_id, one.producer_id);
  ProducerPair again = end(one, true, true);
  EXPECT_TRUE(again.fault.ok()) << "its answer was lost";
  EXPECT_EQ(again.epoch, 1);
  EXPECT_EQ(end(one, false, true).fault.error, KafkaError::invalid_txn_state);
  EXPECT_EQ(send(two, "t", "c", 0, true), KafkaError::none);
  EXPECT_EQ(send(one, "t", "late", 1, true), KafkaError::producer_fenced);
  EXPECT_EQ(end(one, true, true).fault.error, KafkaError::producer_fenced) << "late, it must not hit the next one";
  EXPECT_EQ(values("t"), std::vector<std::string>{"a"});
  EXPECT_EQ(values("t", 1), std::vector<std::string>{"b"});
  ProducerPair three = end(two, false, true);
  EXPECT_EQ(three.epoch, 2);
  EXPECT_EQ(end(three, true, true).fault.error, KafkaError::invalid_txn_state) << "nothing to commit";
  ProducerPair four = end(three, false, true);
  EXPECT_TRUE(four.fault.ok()) << "everything that was begun was refused";
  EXPECT_EQ(four.epoch, 3);
  EXPECT_EQ(end(three, false, true).epoch, 3) << "asked again";
  EXPECT_EQ(values("t"), std::vector<std::string>{"a"});
}

TEST_F(TransactionsTest, NewerProducerFencesAndAborts) {
  ProducerPair old = begin();
  EXPECT_EQ(add(old, "t"), KafkaError::none);
  EXPECT_EQ(send(old, "t", "a", 0), KafkaError::none);
  ProducerPair fresh = begin();
  EXPECT_EQ(fresh.producer_id, old.producer_id);
  EXPECT_EQ(fresh.epoch, 1);
  EXPECT_EQ(end(old, true).fault.error, KafkaError::producer_fenced);
  EXPECT_EQ(end(old, true, true).fault.error, KafkaError::producer_fenced) << "it may not learn the new epoch";
  EXPECT_EQ(add(old, "t"), KafkaError::producer_fenced);
  EXPECT_EQ(send(old, "t", "b", 1), KafkaError::producer_fenced);
  EXPECT_EQ(send(old, "t", "b", 1, true), KafkaError::producer_fenced);
  EXPECT_EQ(commit_position(old, "t", 1)[0][0].error, KafkaError::producer_fenced);
  EXPECT_EQ(begin("tx", old.producer_id, old.epoch).fault.error, KafkaError::producer_fenced);
  EXPECT_TRUE(values("t").empty());
  EXPECT_EQ(end_offset("t", true), 2);
  ProducerPair next = begin("tx", fresh.producer_id, fresh.epoch);
  EXPECT_EQ(next.epoch, 2);
  EXPECT_EQ(begin("tx", fresh.producer_id, fresh.epoch).epoch, 2) << "asked again";
  ProducerPair stranger{{}, fresh.producer_id + 1, 0};
  EXPECT_EQ(add(stranger, "t"), KafkaError::invalid_producer_id_mapping);
  EXPECT_EQ(end(stranger, true, false, "unknown").fault.error, KafkaError::invalid_producer_id_mapping);
}

TEST_F(TransactionsTest, OneStreamOnly) {
  ProducerPair one = begin();
  EXPECT_EQ(add(one, "t"), KafkaError::none);
  EXPECT_EQ(add(one, "/other:t"), KafkaError::policy_violation);
  EXPECT_EQ(send(one, "/other:t", "x", 0), KafkaError::policy_violation);
  EXPECT_EQ(send(one, "/other:t", "x", 0, true), KafkaError::policy_violation);
  EXPECT_EQ(commit_position(one, "/other:t", 0)[0][0].error, KafkaError::policy_violation);
  EXPECT_TRUE(end(one, false).fault.ok());
  std::vector<TransactionTopic> both{{"t", {0}}, {"/other:t", {0}}};
  auto faults = run(broker->transactions().add_partitions(claim(one), both, caller, {}));
  EXPECT_EQ(faults[0][0].error, KafkaError::operation_not_attempted);
  EXPECT_EQ(faults[1][0].error, KafkaError::policy_violation);
  EXPECT_NE(faults[1][0].message.find("/other"), std::string::npos);
  EXPECT_TRUE(end(one, false).fault.ok()) << "what was refused can be aborted";
  // The next one may be in another stream, and is fenced and ended there.
  EXPECT_EQ(add(one, "/other:t"), KafkaError::none);
  EXPECT_EQ(send(one, "/other:t", "x", 0), KafkaError::none);
  restart();
  EXPECT_EQ(end(one, true).fault.error, KafkaError::none);
  EXPECT_EQ(values("/other:t"), std::vector<std::string>{"x"});
  EXPECT_EQ(send(one, "t", "y", 0, true), KafkaError::none) << "and back";
  ProducerPair two = begin();
  EXPECT_EQ(two.epoch, 1);
  EXPECT_TRUE(values("t").empty());
  EXPECT_EQ(end_offset("t", true), 2);
}

TEST_F(TransactionsTest, HomesOfIds) {
  ProducerPair named = begin("/other:tx");
  ProducerPair plain = begin("tx");
  EXPECT_NE(named.producer_id, plain.producer_id);
  EXPECT_NE(stream("/other")->stream->state().transactions().id(stream("/other")->record.uuid, "tx"), nullptr);
  EXPECT_EQ(begin("/missing:tx").fault.error, KafkaError::transactional_id_authorization_failed);
  EXPECT_EQ(begin("").fault.error, KafkaError::invalid_request);
  EXPECT_EQ(begin("tx", -1, -1, 0).fault.error, KafkaError::invalid_transaction_timeout);
  EXPECT_EQ(begin("tx", -1, -1, 15 * 60'000 + 1).fault.error, KafkaError::invalid_transaction_timeout);
  EXPECT_EQ(begin(std::string(kTransactionalIdBytesMax + 1, 'x')).fault.error, KafkaError::policy_violation);
}

TEST_F(TransactionsTest, PositionsMoveWithTheTransaction) {
  produce("t", 0, std::vector<std::string>{"a", "b", "c"});
  ProducerPair one = begin();
  EXPECT_TRUE(run(broker->transactions().add_group(claim(one), caller)).ok());
  EXPECT_TRUE(commit_position(one, "t", 2)[0][0].ok());
  EXPECT_EQ(position("t", false).offset, -1);
  EXPECT_EQ(position("t", true).fault.error, KafkaError::unstable_offset_commit);
  restart();
  EXPECT_EQ(position("t", true).fault.error, KafkaError::unstable_offset_commit) << "it survives";
  EXPECT_TRUE(end(one, true).fault.ok());
  EXPECT_EQ(position("t", true).offset, 2);
  EXPECT_TRUE(commit_position(one, "t", 3)[0][0].ok());
  EXPECT_TRUE(end(one, false).fault.ok());
  EXPECT_EQ(position("t", true).offset, 2);
  EXPECT_EQ(commit_position(one, "missing", 3)[0][0].error, KafkaError::unknown_topic_or_partition);
}

TEST_F(TransactionsTest, LateTransactionsAreAborted) {
  ProducerPair one = begin("tx", -1, -1, 5'000);
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  pass(std::chrono::seconds(4));
  EXPECT_EQ(read("t").last_stable, 0);
  pass(std::chrono::seconds(3));
  EXPECT_EQ(read("t").last_stable, 2);
  EXPECT_TRUE(values("t").empty());
  EXPECT_EQ(end(one, true).fault.error, KafkaError::producer_fenced);
  EXPECT_EQ(end(one, true, true).fault.error, KafkaError::producer_fenced);
  EXPECT_EQ(end(one, false, true).fault.error, KafkaError::producer_fenced);
  EXPECT_EQ(begin().epoch, 2);
}

TEST_F(TransactionsTest, ReadersWaitForTheEnd) {
  ProducerPair one = begin();
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  FetchRequest request = fetch_request("t", 0);
  request.committed = true;
  request.max_wait_ms = 60'000;
  SteadyTime before = world->clock().now();
  std::vector<FetchedTopic> got;
  TaskScope scope(world->executor);
  struct Later {
    static Task<void> fetch(Broker& broker, const FetchRequest& request, const Caller& caller,
                            std::vector<FetchedTopic>& out) {
      std::stop_token never;
      FetchAnswer answer = co_await broker.fetcher().fetch(request, caller, never);
      out = std::move(answer.topics);
    }
  };
  scope.spawn(Later::fetch(*broker, request, caller, got));
  pass(std::chrono::seconds(1));
  EXPECT_TRUE(got.empty());
  EXPECT_TRUE(end(one, true, true).fault.ok());
  run(scope.join());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].partitions[0].batches.size(), 2u);
  EXPECT_LT(world->clock().now() - before, std::chrono::seconds(5));
}

TEST_F(TransactionsTest, EpochsRunOutIntoANewProducerId) {
  ProducerPair one = begin();
  StreamHandle home = stream("/main");
  must(home->stream->register_transactional_id(
      {"tx", one.producer_id, kProducerEpochMax, kNoProducerId, kNoProducerEpoch, 60'000, home->record.uuid}));
  one.epoch = kProducerEpochMax;
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  ProducerPair two = end(one, true, true);
  ASSERT_TRUE(two.fault.ok()) << two.fault.message;
  EXPECT_NE(two.producer_id, one.producer_id);
  EXPECT_EQ(two.epoch, 0);
  ProducerPair again = end(one, true, true);
  EXPECT_EQ(again.producer_id, two.producer_id) << "asked again";
  EXPECT_EQ(values("t"), std::vector<std::string>{"a"});
  EXPECT_EQ(send(one, "t", "late", 1, true), KafkaError::invalid_producer_id_mapping);
  EXPECT_EQ(send(two, "t", "b", 0, true), KafkaError::none);
  EXPECT_TRUE(end(two, true, true).fault.ok());
  EXPECT_EQ(values("t"), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TransactionsTest, AdministratorsSeeAndAbort) {
  ProducerPair one = begin();
  TransactionDescription empty = run(broker->transaction_admin().describe("tx", caller));
  EXPECT_EQ(empty.state, kTransactionEmpty);
  EXPECT_EQ(run(broker->transaction_admin().describe("unknown", caller)).fault.error,
            KafkaError::transactional_id_not_found);
  EXPECT_EQ(send(one, "t", "a", 0, true, 1), KafkaError::none);
  TransactionDescription open = run(broker->transaction_admin().describe("tx", caller));
  EXPECT_EQ(open.state, kTransactionOngoing);
  ASSERT_EQ(open.topics.size(), 1u);
  EXPECT_EQ(open.topics[0].name, "t");
  EXPECT_EQ(open.topics[0].partitions, std::vector<int32_t>{1});
  std::vector<TransactionDescription> all = run(broker->transaction_admin().list(caller));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, kTransactionOngoing);
  std::vector<TransactionTopic> topics{{"t", {0, 1}}};
  auto producers = run(broker->transaction_admin().producers(topics, caller));
  EXPECT_TRUE(producers[0][0].producers.empty());
  ASSERT_EQ(producers[0][1].producers.size(), 1u);
  EXPECT_EQ(producers[0][1].producers[0].transaction_start, 0);
  auto wrong = run(broker->transaction_admin().abort(one.producer_id, 7, topics, caller, {}));
  EXPECT_EQ(wrong[0][1].error, KafkaError::invalid_producer_epoch);
  auto done = run(broker->transaction_admin().abort(one.producer_id, 0, topics, caller, {}));
  EXPECT_TRUE(done[0][0].ok() && done[0][1].ok());
  EXPECT_EQ(run(broker->transaction_admin().describe("tx", caller)).state, kTransactionAborted);
  EXPECT_EQ(send(one, "t", "b", 1, true), KafkaError::producer_fenced);
}

TEST_F(TransactionsTest, UnusedIdsAreForgotten) {
  ProducerPair one = begin();
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  EXPECT_TRUE(end(one, true, true).fault.ok());
  run(broker->transaction_timeouts().expire_unused());
  EXPECT_FALSE(stream("/main")->stream->state().transactions().empty());
  StreamSettings settings = stream("/main")->record.settings;
  settings.pid_expiry_seconds = 3600;
  must(run(catalog->edit("/main", settings)));
  for (int i = 0; i < 5; ++i) pass(std::chrono::minutes(30));
  EXPECT_TRUE(stream("/main")->stream->state().transactions().empty());
  EXPECT_EQ(begin().epoch, 0);
}

TEST_F(TransactionsTest, BatchesOutsideTheirTransactionAreRefused) {
  ProducerPair one = begin();
  EXPECT_EQ(send(one, "t", "a", 0, true), KafkaError::none);
  RecordBatchBuilder plain;
  plain.producer(one.producer_id, one.epoch, 1).add({.key = "k", .value = "v", .timestamp = 5});
  EXPECT_EQ(produce("t", 0, plain.build()).fault.error, KafkaError::invalid_txn_state);
  RecordBatchBuilder stray;
  stray.producer(one.producer_id, one.epoch, 1).transactional().add({.key = "k", .value = "v", .timestamp = 5});
  EXPECT_EQ(produce("t", 0, stray.build()).fault.error, KafkaError::invalid_txn_state);
  EXPECT_TRUE(produce("t", 0, std::vector<std::string>{"of nobody"}).fault.ok());
}

}  // namespace
}  // namespace distributary
