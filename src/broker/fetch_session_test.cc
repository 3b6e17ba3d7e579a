#include "broker/fetch_session.h"

#include <map>

#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FetchSessionTest : public testing::Test, protected BrokerHarness {
 protected:
  FetchSessionTest() : BrokerHarness(small()) {}
  static BrokerOptions small() {
    BrokerOptions options{.cluster_name = "here", .default_stream = "/main"};
    options.fetch_sessions_max = 2;
    options.fetch_session_partitions_max = 10'020;
    return options;
  }
  FetchRequest ask(const std::string& topic, int32_t partitions, int32_t id = 0, int32_t epoch = 0) {
    FetchRequest request = fetch_request(topic, 0);
    for (int32_t i = 1; i < partitions; ++i) request.topics[0].partitions.push_back({.partition = i});
    request.session_id = id;
    request.session_epoch = epoch;
    request.max_wait_ms = 0;
    return request;
  }
  FetchRequest next(int32_t id, int32_t epoch) {
    FetchRequest request;
    request.session_id = id;
    request.session_epoch = epoch;
    request.max_wait_ms = 0;
    return request;
  }
  FetchAnswer get(const FetchRequest& request) { return run(broker->fetcher().fetch(request, caller, {})); }
  KafkaError error(const FetchRequest& request) { return get(request).fault.error; }
  // A request that waits in the background.
  struct Waiting {
    explicit Waiting(FetchSessionTest& test, FetchRequest asked)
        : request(std::move(asked)), scope(test.sim.executor()) {
      request.max_wait_ms = 60'000;
      scope.spawn(keep(test.broker->fetcher().fetch(request, test.caller, {}), answer));
    }
    static Task<void> keep(Task<FetchAnswer> task, std::optional<FetchAnswer>& into) {
      into = co_await std::move(task);
    }
    FetchRequest request;
    std::optional<FetchAnswer> answer;
    TaskScope scope;
  };
  void finish(Waiting& waiting) {
    ASSERT_TRUE(sim.executor().run_until_true([&] { return waiting.answer.has_value(); }, milliseconds(100)));
  }
};

TEST_F(FetchSessionTest, AnIncrementalAnswerHasWhatChangedOnly) {
  create("t", 3);
  create("other");
  FetchAnswer first = get(ask("t", 3));
  ASSERT_NE(first.session_id, 0);
  ASSERT_EQ(first.topics.size(), 1u);
  EXPECT_EQ(first.topics[0].partitions.size(), 3u);
  FetchAnswer nothing = get(next(first.session_id, 1));
  EXPECT_TRUE(nothing.fault.ok()) << nothing.fault.message;
  EXPECT_EQ(nothing.session_id, first.session_id);
  EXPECT_TRUE(nothing.topics.empty());
  produce("t", 1, {"a"});
  produce("other", 0, {"b"});
  FetchAnswer one = get(next(first.session_id, 2));
  ASSERT_EQ(one.topics.size(), 1u);
  EXPECT_EQ(one.topics[0].name, "t");
  ASSERT_EQ(one.topics[0].partitions.size(), 1u);
  EXPECT_EQ(one.topics[0].partitions[0].partition, 1);
  EXPECT_EQ(one.topics[0].partitions[0].high_watermark, 1);
  // The client does not say that it goes on: it gets the same again, as from Kafka.
  EXPECT_EQ(get(next(first.session_id, 3)).topics[0].partitions[0].batches.size(), 1u);
  FetchRequest on = next(first.session_id, 4);
  on.topics = {{TopicReference{"t", {}}, {{.partition = 1, .offset = 1}}}};
  EXPECT_TRUE(get(on).topics.empty());
}

TEST_F(FetchSessionTest, EpochsUsersAndWaysOfNamingMustAgree) {
  create("t");
  const int32_t id = get(ask("t", 1)).session_id;
  EXPECT_EQ(error(next(id, 2)), KafkaError::invalid_fetch_session_epoch);
  EXPECT_EQ(error(next(id + 1, 1)), KafkaError::fetch_session_id_not_found);
  FetchRequest by_id = next(id, 1);
  by_id.by_topic_id = true;
  EXPECT_EQ(error(by_id), KafkaError::fetch_session_topic_id_error);
  Caller me = std::exchange(caller, Caller{.principal = {.user = "somebody"}});
  EXPECT_EQ(error(next(id, 1)), KafkaError::fetch_session_id_not_found);
  caller = me;
  EXPECT_EQ(error(next(id, 1)), KafkaError::none);
  EXPECT_EQ(error(next(id, 1)), KafkaError::invalid_fetch_session_epoch);
  FetchAnswer last = get(ask("t", 1, id, kFinalFetchEpoch));
  EXPECT_EQ(last.session_id, 0);
  EXPECT_EQ(last.topics.size(), 1u);
  EXPECT_EQ(error(next(id, 2)), KafkaError::fetch_session_id_not_found);
}

TEST_F(FetchSessionTest, ForgottenPartitionsAreNotFollowed) {
  create("t", 2);
  const int32_t id = get(ask("t", 2)).session_id;
  FetchRequest forget = next(id, 1);
  forget.forgotten = {{TopicReference{"t", {}}, {1, 7}}, {TopicReference{"unknown", {}}, {0}}};
  EXPECT_TRUE(get(forget).topics.empty());
  EXPECT_EQ(broker->fetcher().sessions().partitions(), 1u);
  produce("t", 1, {"x"});
  EXPECT_TRUE(get(next(id, 2)).topics.empty());
  FetchRequest rest = next(id, 3);
  rest.forgotten = {{TopicReference{"t", {}}, {0}}};
  EXPECT_EQ(get(rest).session_id, 0);
  EXPECT_EQ(broker->fetcher().sessions().count(), 0u);
  EXPECT_EQ(broker->fetcher().sessions().partitions(), 0u);
}

TEST_F(FetchSessionTest, TenThousandQuietPartitionsAreNotLookedAt) {
  create("quiet", 10'000);
  create("busy");
  FetchAnswer first = get(ask("quiet", 10'000));
  ASSERT_NE(first.session_id, 0);
  Waiting waiting(*this, next(first.session_id, 1));
  for (int i = 0; i < 20; ++i) produce("busy", 0, {"x"});
  EXPECT_FALSE(waiting.answer);
  EXPECT_EQ(broker->fetcher().looks(), 10'000u);  // of the first request, and none since
  produce("quiet", 7'777, {"x"});
  finish(waiting);
  ASSERT_EQ(waiting.answer->topics.size(), 1u);
  EXPECT_EQ(waiting.answer->topics[0].partitions[0].partition, 7'777);
  EXPECT_EQ(broker->fetcher().looks(), 10'001u);
}

TEST_F(FetchSessionTest, NoPartitionStarvesWhenTheAnswerIsSmall) {
  create("t", 4);
  for (int32_t i = 0; i < 4; ++i) {
    for (int k = 0; k < 3; ++k) produce("t", i, {std::string(2'000, 'x')});
  }
  FetchRequest request = ask("t", 4);
  request.max_bytes = 3'000;
  std::map<int32_t, Offset> positions;
  std::vector<int32_t> order;
  int32_t id = 0;
  for (int32_t epoch = 0; epoch < 12; ++epoch) {
    request.session_id = id;
    request.session_epoch = epoch;
    FetchAnswer answer = get(request);
    id = answer.session_id;
    request.topics.clear();
    for (const FetchedPartition& got : answer.topics.at(0).partitions) {
      if (got.batches.empty()) continue;
      order.push_back(got.partition);
      request.topics.push_back({TopicReference{"t", {}}, {{got.partition, ++positions[got.partition]}}});
    }
  }
  EXPECT_EQ(order, (std::vector<int32_t>{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}));
}

TEST_F(FetchSessionTest, AFaultIsRepeatedUntilItEnds) {
  create("t");
  produce("t", 0, {"a"});
  FetchRequest request = ask("t", 1);
  request.topics.push_back({TopicReference{"later", {}}, {{.partition = 0}}});
  FetchAnswer first = get(request);
  EXPECT_EQ(first.topics[1].partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
  FetchRequest on = next(first.session_id, 1);
  on.topics = {{TopicReference{"t", {}}, {{.partition = 0, .offset = 1}}}};
  FetchAnswer again = get(on);
  ASSERT_EQ(again.topics.size(), 1u);
  EXPECT_EQ(again.topics[0].name, "later");
  create("later");
  FetchAnswer well = get(next(first.session_id, 2));
  ASSERT_EQ(well.topics.size(), 1u);
  EXPECT_TRUE(well.topics[0].partitions[0].fault.ok());
  EXPECT_EQ(well.topics[0].partitions[0].high_watermark, 0);
  EXPECT_TRUE(get(next(first.session_id, 3)).topics.empty());
}

TEST_F(FetchSessionTest, ANameFollowsATopicThatIsMadeAnewAndAnIdDoesNot) {
  TopicUuid id = create("t");
  const int32_t by_name = get(ask("t", 1)).session_id;
  FetchRequest request = ask("", 1);
  request.topics[0].topic = {{}, id};
  request.by_topic_id = true;
  const int32_t by_id = get(request).session_id;
  run(broker->topics().remove({{"t", {}}}, caller, {}));
  EXPECT_EQ(get(next(by_name, 1)).topics.at(0).partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
  create("t");
  produce("t", 0, {"new"});
  EXPECT_EQ(get(next(by_name, 2)).topics.at(0).partitions[0].batches.size(), 1u);
  FetchRequest old = next(by_id, 1);
  old.by_topic_id = true;
  EXPECT_EQ(get(old).topics.at(0).partitions[0].fault.error, KafkaError::unknown_topic_id);
}

TEST_F(FetchSessionTest, AMovedLogStartIsTold) {
  TopicUuid id = create("t");
  produce("t", 0, batch_of({"a", "b"}));
  FetchRequest request = ask("t", 1);
  request.topics[0].partitions[0].offset = 2;
  const int32_t session = get(request).session_id;
  EXPECT_TRUE(get(next(session, 1)).topics.empty());
  must(stream("/main")->stream->delete_records({id, 0}, 1));
  FetchAnswer moved = get(next(session, 2));
  ASSERT_EQ(moved.topics.size(), 1u);
  EXPECT_EQ(moved.topics[0].partitions[0].log_start, 1);
}

TEST_F(FetchSessionTest, ASecondRequestEndsTheOneThatWaits) {
  create("t");
  const int32_t id = get(ask("t", 1)).session_id;
  Waiting first(*this, next(id, 1));
  EXPECT_FALSE(first.answer);
  EXPECT_EQ(error(next(id, 2)), KafkaError::none);
  finish(first);
  EXPECT_EQ(first.answer->fault.error, KafkaError::invalid_fetch_session_epoch);
}

TEST_F(FetchSessionTest, SessionsAreBoundedAndTheUnusedGoFirst) {
  create("t", 10);
  const int32_t a = get(ask("t", 1)).session_id;
  const int32_t b = get(ask("t", 2)).session_id;
  EXPECT_NE(b, 0);
  EXPECT_EQ(get(ask("t", 1)).session_id, 0) << "declined: the others are in use";
  sim.executor().run_for(seconds(100));
  EXPECT_EQ(error(next(a, 1)), KafkaError::none);
  sim.executor().run_for(seconds(30));
  EXPECT_NE(get(ask("t", 1)).session_id, 0);  // b has not been used for two minutes
  EXPECT_EQ(error(next(b, 1)), KafkaError::fetch_session_id_not_found);
  EXPECT_EQ(get(ask("t", 1)).session_id, 0);
  EXPECT_NE(get(ask("t", 5)).session_id, 0);  // larger than a, which has had its time
  EXPECT_EQ(error(next(a, 2)), KafkaError::fetch_session_id_not_found);
}

TEST_F(FetchSessionTest, PartitionsOfAllSessionsAreBounded) {
  create("t", 10'000);
  const int32_t a = get(ask("t", 10'000)).session_id;
  EXPECT_NE(a, 0);
  EXPECT_EQ(get(ask("t", 30)).session_id, 0);
  const int32_t b = get(ask("t", 20)).session_id;
  EXPECT_NE(b, 0);
  FetchRequest more = ask("t", 21, b, 1);
  EXPECT_EQ(error(more), KafkaError::fetch_session_id_not_found);
  EXPECT_EQ(broker->fetcher().sessions().partitions(), 10'000u);
}

TEST_F(FetchSessionTest, AnIdleSessionDoesNotHoldADeletedStream) {
  create_stream("/gone");
  create("/gone:t");
  produce("/gone:t", 0, {"a"});
  FetchAnswer first = get(ask("/gone:t", 1));
  EXPECT_EQ(first.topics[0].partitions[0].batches.size(), 1u);
  const size_t before = logs.logs.size();
  must(run(catalog->remove("/gone")));
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(logs.logs.size(), before - 1);
  EXPECT_EQ(get(next(first.session_id, 1)).topics[0].partitions[0].fault.error, KafkaError::unknown_topic_or_partition);
}

TEST_F(FetchSessionTest, ASessionOutlivesAFailureOfItsStream) {
  create("t");
  const int32_t id = get(ask("t", 1)).session_id;
  Waiting waiting(*this, next(id, 1));
  logs.fail_next_sync = ErrorCode::io;
  produce("t", 0, {"lost"});
  finish(waiting);
  EXPECT_EQ(waiting.answer->topics.at(0).partitions[0].fault.error, KafkaError::kafka_storage_error);
  sim.executor().run_for(seconds(5));
  Offset end = -1;
  for (int32_t epoch = 2; epoch < 4; ++epoch) {
    FetchAnswer after = get(next(id, epoch));
    ASSERT_TRUE(after.fault.ok());
    if (!after.topics.empty() && after.topics[0].partitions[0].fault.ok()) {
      end = after.topics[0].partitions[0].high_watermark;
    }
  }
  EXPECT_GE(end, 0) << "the stream was not found again";
}

}  // namespace
}  // namespace distributary
