#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::seconds;

class GroupCoordinatorTest : public testing::Test, protected BrokerHarness {
 protected:
  static JoinRequest request(std::string group = "g") {
    JoinRequest join;
    join.group = std::move(group);
    join.caller.client_id = "c";
    join.session_timeout = seconds(10);
    join.rebalance_timeout = seconds(60);
    join.protocol_type = "consumer";
    join.protocols = {{"range", Bytes::copy(as_bytes("m"))}};
    return join;
  }
  JoinAnswer join(JoinRequest asked) { return must(run(groups().join(std::move(asked), {}))); }
  MemberClaim settle_one(std::string group = "g") {
    JoinAnswer joined = join(request(group));
    MemberClaim claim{group, joined.member_id, std::nullopt, joined.generation};
    SyncRequest sync{claim, {}, {}, {{joined.member_id, Bytes::copy(as_bytes("p"))}}};
    EXPECT_EQ(must(run(groups().sync(std::move(sync), {}))).error, KafkaError::none);
    return claim;
  }
  Fault commit(const std::string& group, const std::string& topic, Offset offset, std::string metadata = "") {
    std::vector<CursorCommitTopic> topics{{{topic, {}}, {{0, offset, 3, std::move(metadata)}}}};
    return run(broker->cursors().commit(group, topics, caller, {}))[0][0];
  }
  FoundCursor find(const std::string& group, const std::string& topic) {
    std::vector<CursorQueryTopic> topics{{{topic, {}}, {0}}};
    return run(broker->cursors().find(group, topics, caller, {}))[0].partitions[0];
  }
  GroupCoordinator& groups() { return broker->groups(); }
};

TEST_F(GroupCoordinatorTest, GroupsComeAndGoWithTheirMembers) {
  MemberClaim claim = settle_one();
  EXPECT_EQ(groups().group_count(), 1u);
  EXPECT_EQ(groups().heartbeat(claim), KafkaError::none);
  std::vector<GroupSummary> listed = run(groups().list(caller));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].state, "Stable");
  EXPECT_EQ(listed[0].protocol_type, "consumer");
  EXPECT_EQ(groups().leave(claim), KafkaError::none);
  EXPECT_EQ(groups().group_count(), 0u);
  EXPECT_EQ(groups().heartbeat(claim), KafkaError::unknown_member_id);
}

TEST_F(GroupCoordinatorTest, AGroupIsKnownForSomeTimeAfterItsLastMember) {
  EXPECT_EQ(groups().leave(settle_one()), KafkaError::none);
  EXPECT_EQ(groups().leave(settle_one("h")), KafkaError::none);
  std::vector<GroupSummary> listed = run(groups().list(caller));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].state, "Empty");
  EXPECT_EQ(listed[0].type, kClassicGroupType);
  GroupDescription described = run(groups().describe({"g"}, caller)).at(0);
  EXPECT_TRUE(described.fault.ok());
  EXPECT_EQ(described.state, "Empty");
  EXPECT_TRUE(run(groups().remove({"g"}, caller, {})).at(0).ok());
  EXPECT_EQ(run(groups().remove({"g"}, caller, {})).at(0).error, KafkaError::group_id_not_found);
  EXPECT_EQ(run(groups().describe({"g"}, caller)).at(0).fault.error, KafkaError::group_id_not_found);
  sim.executor().run_for(broker->options().group.empty_group_kept);
  EXPECT_TRUE(run(groups().list(caller)).empty());
  EXPECT_EQ(run(groups().describe({"h"}, caller)).at(0).state, "Dead");
}

TEST_F(GroupCoordinatorTest, ADeadMemberIsRemovedInTime) {
  settle_one();
  sim.executor().run_for(seconds(11));
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupCoordinatorTest, JoinsAreChecked) {
  EXPECT_EQ(join(request("")).error, KafkaError::invalid_group_id);
  JoinRequest hasty = request();
  hasty.session_timeout = seconds(1);
  EXPECT_EQ(join(hasty).error, KafkaError::invalid_session_timeout);
  JoinRequest stale = request();
  stale.member_id = "from-before-a-restart";
  EXPECT_EQ(join(stale).error, KafkaError::unknown_member_id);
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupCoordinatorTest, AClientThatGoesWhileItWaitsIsForgotten) {
  std::stop_source gone;
  std::optional<Result<JoinAnswer>> answer;
  struct Run {
    static Task<void> join(GroupCoordinator& groups, JoinRequest request, std::stop_token stop,
                           std::optional<Result<JoinAnswer>>& out) {
      out = co_await groups.join(std::move(request), stop);
    }
  };
  TaskScope scope(sim.executor());
  scope.spawn(Run::join(groups(), request(), gone.get_token(), answer));
  gone.request_stop();
  ASSERT_TRUE(sim.executor().run_until_true([&] { return answer.has_value(); }));
  EXPECT_FALSE(answer->has_value());
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupCoordinatorTest, PositionsAreKeptInTheStreamsOfTheirTopics) {
  create_stream("/other");
  create("t");
  create("/other:t");
  EXPECT_TRUE(commit("g", "t", 7, "note").ok());
  EXPECT_TRUE(commit("g", "/other:t", 8).ok());
  restart();
  FoundCursor found = find("g", "t");
  EXPECT_EQ(found.offset, 7);
  EXPECT_EQ(found.leader_epoch, 3);
  EXPECT_EQ(found.metadata, "note");
  std::vector<FoundCursorTopic> all = run(broker->cursors().find_all("g", caller, {}));
  ASSERT_EQ(all.size(), 2u);
  std::set<std::string> listed{all[0].name, all[1].name};
  EXPECT_EQ(listed, (std::set<std::string>{"t", "/other:t"}));
  EXPECT_EQ(stream("/other")->stream->state().cursors().size(), 1u);
}

TEST_F(GroupCoordinatorTest, NoPositionIsNoError) {
  create("t");
  EXPECT_EQ(find("never", "t").offset, -1);
  EXPECT_TRUE(find("never", "t").fault.ok());
  EXPECT_EQ(find("never", "unknown").fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_TRUE(run(broker->cursors().find_all("never", caller, {})).empty());
}

// As kafkajs resets a group: -1 and -2 are what other commands mean by the end and the begin.
TEST_F(GroupCoordinatorTest, APositionBelowZeroIsNone) {
  create("t");
  for (Offset none : {-1, -2}) {
    EXPECT_TRUE(commit("g", "t", none).ok()) << "there was none";
    EXPECT_TRUE(commit("g", "t", 7).ok());
    EXPECT_TRUE(commit("g", "t", none).ok());
    EXPECT_EQ(find("g", "t").offset, -1);
    restart();
    EXPECT_EQ(find("g", "t").offset, -1);
  }
  EXPECT_EQ(commit("g", "unknown", -1).error, KafkaError::unknown_topic_or_partition);
}

TEST_F(GroupCoordinatorTest, CommitsAreChecked) {
  create("t");
  EXPECT_EQ(commit("g", "unknown", 1).error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(commit("g", "t", 1, std::string(4097, 'm')).error, KafkaError::offset_metadata_too_large);
  EXPECT_EQ(groups().check_commit({"g", "", std::nullopt, -1}, CommitKind::plain), KafkaError::none);
  EXPECT_EQ(groups().check_commit({"g", "m", std::nullopt, 5}, CommitKind::plain), KafkaError::illegal_generation);
  EXPECT_EQ(groups().check_commit({"g", "m", std::nullopt, 5}, CommitKind::with_epochs), KafkaError::unknown_member_id);
}

TEST_F(GroupCoordinatorTest, GroupsWithPositionsOnlyAreEmptyAndMayBeDeleted) {
  create("t");
  commit("idle", "t", 1);
  settle_one("busy");
  std::vector<GroupDescription> described = run(groups().describe({"idle", "busy", "none"}, caller));
  EXPECT_EQ(described[0].state, "Empty");
  EXPECT_EQ(described[0].protocol_type, "consumer");
  EXPECT_EQ(described[1].state, "Stable");
  EXPECT_EQ(described[1].protocol_name, "range");
  ASSERT_EQ(described[1].members.size(), 1u);
  EXPECT_EQ(as_text(described[1].members[0].assignment), "p");
  EXPECT_EQ(described[2].state, "Dead");
  EXPECT_EQ(described[2].fault.error, KafkaError::group_id_not_found);
  std::vector<Fault> deleted = run(groups().remove({"idle", "busy", "none"}, caller, {}));
  EXPECT_EQ(deleted[0].error, KafkaError::none);
  EXPECT_EQ(deleted[1].error, KafkaError::non_empty_group);
  EXPECT_EQ(deleted[2].error, KafkaError::group_id_not_found);
  EXPECT_EQ(find("idle", "t").offset, -1);
}

}  // namespace
}  // namespace distributary
