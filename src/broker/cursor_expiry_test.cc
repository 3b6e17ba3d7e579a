#include "broker/cursor_expiry.h"

#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class CursorExpiryTest : public testing::Test, protected BrokerHarness {
 protected:
  CursorExpiryTest()
      : BrokerHarness({.cluster_name = "here",
                       .default_stream = "/main",
                       .transaction_sweep_interval = hours(1),  // nothing to do every second of so many days
                       .cursor_retention = hours(48)}) {
    create("t");
  }
  void commit(const std::string& group, Offset offset, const std::string& topic = "t") {
    std::vector<CursorCommitTopic> topics{{{topic, {}}, {{0, offset, -1, ""}}}};
    EXPECT_TRUE(run(broker->cursors().commit(group, topics, caller, {}))[0][0].ok());
  }
  Offset position(const std::string& group, const std::string& topic = "t") {
    std::vector<CursorQueryTopic> topics{{{topic, {}}, {0}}};
    return run(broker->cursors().find(group, topics, caller, {}))[0].partitions[0].offset;
  }
  ConsumerHeartbeatAnswer beat(int32_t epoch) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = "a";
    request.epoch = epoch;
    if (epoch == kJoinEpoch) {
      request.rebalance_timeout = seconds(30);
      request.topic_names = std::vector<std::string>{"t"};
    }
    request.owned = PartitionSet();
    return run(broker->groups().consumer_heartbeat(request, caller));
  }
};

TEST_F(CursorExpiryTest, PositionsOfUnusedGroupsAreForgotten) {
  commit("g", 5);
  sim.executor().run_for(hours(47));
  EXPECT_EQ(position("g"), 5);
  commit("h", 6);
  sim.executor().run_for(hours(2));
  EXPECT_EQ(position("g"), -1);
  EXPECT_EQ(position("h"), 6);
  restart();
  EXPECT_EQ(position("g"), -1) << "it is in the log";
}

TEST_F(CursorExpiryTest, ACommitInAnyStreamKeepsAllOfTheGroup) {
  create_stream("/other");
  create("/other:u");
  commit("g", 5);
  sim.executor().run_for(hours(40));
  commit("g", 6, "/other:u");
  sim.executor().run_for(hours(40));
  EXPECT_EQ(position("g"), 5);
  sim.executor().run_for(hours(10));
  EXPECT_EQ(position("g"), -1);
  EXPECT_EQ(position("g", "/other:u"), -1);
}

TEST_F(CursorExpiryTest, MembersKeepPositionsAndTheTimeCountsFromTheLastOne) {
  commit("g", 5);
  ASSERT_TRUE(beat(kJoinEpoch).fault.ok());
  for (int i = 0; i < 60 * 60 * 2; ++i) {
    sim.executor().run_for(seconds(30));
    ASSERT_TRUE(beat(1).fault.ok());
  }
  EXPECT_EQ(position("g"), 5) << "60 hours, with a member";
  ASSERT_TRUE(beat(kLeaveEpoch).fault.ok());
  sim.executor().run_for(hours(47));
  EXPECT_EQ(position("g"), 5) << "47 hours after the last member left";
  sim.executor().run_for(hours(2));
  EXPECT_EQ(position("g"), -1);
}

TEST_F(CursorExpiryTest, NothingIsForgottenSoonAfterAStart) {
  commit("g", 5);
  sim.executor().run_for(hours(47));
  restart();
  sim.executor().run_for(hours(23));
  EXPECT_EQ(position("g"), 5) << "its members may be about to come back";
  sim.executor().run_for(hours(2));
  EXPECT_EQ(position("g"), -1);
}

// What another stream wrote and this one has a replica of is forgotten where it was written.
TEST_F(CursorExpiryTest, SlotsOfOtherWritersStay) {
  create_stream("/copy");
  commit("g", 5);
  StreamHandle source = stream("/main");
  StreamHandle copy = stream("/copy");
  LogPosition from = must(run(source->stream->find_position({})));
  LogChunk chunk = must(run(source->stream->read_log(from, 1 << 20)));
  for (const Bytes& content : chunk.contents) must(copy->stream->append_replicated(content));
  const Uuid writer = source->stream->origin().stream;
  source.reset();
  copy.reset();
  must(run(catalog->remove("/main")));
  sim.executor().run_for(hours(60));
  copy = stream("/copy");
  const auto& cursors = copy->stream->state().cursors();
  ASSERT_TRUE(cursors.contains("g"));
  EXPECT_EQ(cursors.at("g").begin()->second.at(0).writer, writer);
  const Fault deleted = run(broker->groups().remove({"g"}, caller, {}))[0];
  EXPECT_EQ(deleted.error, KafkaError::policy_violation) << deleted.message;
}

}  // namespace
}  // namespace distributary
