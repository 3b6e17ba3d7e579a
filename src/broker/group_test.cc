#include "broker/group.h"

#include <gtest/gtest.h>

#include "io/sim/sim_executor.h"
#include "io/sim/sim_random.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Bytes bytes(std::string_view text) { return Bytes::copy(as_bytes(text)); }
std::string text(const Bytes& bytes) { return std::string(as_text(bytes)); }

class GroupTest : public testing::Test {
 protected:
  JoinRequest request(std::string member = "", std::string metadata = "m") {
    JoinRequest join;
    join.group = "g";
    join.member_id = std::move(member);
    join.caller.client_id = "client";
    join.session_timeout = seconds(10);
    join.rebalance_timeout = seconds(60);
    join.protocol_type = "consumer";
    join.protocols = {{"range", bytes(metadata)}, {"sticky", bytes(metadata)}};
    return join;
  }
  JoinRequest as_instance(std::string instance, std::string metadata = "m") {
    JoinRequest join = request("", std::move(metadata));
    join.instance_id = std::move(instance);
    return join;
  }
  // Lets the group do what is due, as its coordinator would, until `span` has passed.
  void pass(Duration span) {
    const SteadyTime until = executor.now() + span;
    while (group.next_tick() <= until) {
      executor.run_until(std::max(group.next_tick(), executor.now()));
      group.tick();
    }
    executor.run_until(until);
  }
  MemberClaim claim(const JoinAnswer& joined) { return {"g", joined.member_id, std::nullopt, joined.generation}; }
  KafkaError sync_error(const JoinAnswer& joined) {
    auto reply = group.sync({claim(joined), {}, {}, {}});
    return reply->given() ? reply->take().error : KafkaError::none;
  }
  // A member on its own, assigned and stable.
  JoinAnswer settle_one(JoinRequest join) {
    auto reply = group.join(std::move(join));
    pass(seconds(1));
    EXPECT_TRUE(reply->given());
    JoinAnswer joined = reply->take();
    MemberClaim self = claim(joined);
    self.instance_id = group.members().at(joined.member_id).instance_id;
    auto synced = group.sync({self, {}, {}, {{joined.member_id, bytes("all")}}});
    EXPECT_TRUE(synced->given());
    EXPECT_EQ(group.state(), GroupState::stable);
    return joined;
  }

  SimExecutor executor;
  SimRandom random{1};
  GroupOptions options{.initial_rebalance_delay = milliseconds(100)};
  Group group{executor, random, options, "g"};
};

TEST_F(GroupTest, OneMemberLeadsAndGetsWhatItAssigned) {
  auto reply = group.join(request());
  EXPECT_FALSE(reply->given());  // the first rebalance waits for more
  EXPECT_EQ(group.state(), GroupState::preparing_rebalance);
  pass(milliseconds(100));
  ASSERT_TRUE(reply->given());
  JoinAnswer joined = reply->take();
  EXPECT_EQ(joined.error, KafkaError::none);
  EXPECT_EQ(joined.generation, 1);
  EXPECT_EQ(joined.leader, joined.member_id);
  EXPECT_EQ(joined.protocol_name, "range");
  ASSERT_EQ(joined.members.size(), 1u);
  EXPECT_EQ(text(joined.members[0].metadata), "m");
  EXPECT_EQ(group.state(), GroupState::completing_rebalance);
  auto synced = group.sync({claim(joined), "consumer", "range", {{joined.member_id, bytes("p0")}}});
  ASSERT_TRUE(synced->given());
  EXPECT_EQ(text(synced->take().assignment), "p0");
  EXPECT_EQ(group.heartbeat(claim(joined)), KafkaError::none);
}

TEST_F(GroupTest, UnknownIdsMustComeBackWithTheIdTheyGot) {
  JoinRequest first = request();
  first.known_id_needed = true;
  auto reply = group.join(first);
  ASSERT_TRUE(reply->given());
  JoinAnswer answer = reply->take();
  EXPECT_EQ(answer.error, KafkaError::member_id_required);
  EXPECT_TRUE(answer.member_id.starts_with("client-"));
  EXPECT_EQ(group.pending_members(), 1u);
  EXPECT_TRUE(group.members().empty());
  JoinRequest again = request(answer.member_id);
  again.known_id_needed = true;
  auto second = group.join(again);
  pass(milliseconds(100));
  ASSERT_TRUE(second->given());
  EXPECT_EQ(second->take().member_id, answer.member_id);
  EXPECT_EQ(group.pending_members(), 0u);
}

TEST_F(GroupTest, AnIdThatIsNotUsedIsForgotten) {
  JoinRequest first = request();
  first.known_id_needed = true;
  std::string id = group.join(first)->take().member_id;
  pass(seconds(11));
  EXPECT_TRUE(group.disposable());
  EXPECT_EQ(group.join(request(id))->take().error, KafkaError::unknown_member_id);
}

TEST_F(GroupTest, LatecomersLengthenTheFirstRebalanceAndShareItsGeneration) {
  auto one = group.join(request());
  pass(milliseconds(60));
  auto two = group.join(request());
  pass(milliseconds(60));
  EXPECT_FALSE(one->given());
  pass(milliseconds(100));
  ASSERT_TRUE(one->given());
  ASSERT_TRUE(two->given());
  JoinAnswer first = one->take();
  JoinAnswer second = two->take();
  EXPECT_EQ(first.generation, second.generation);
  EXPECT_EQ(first.members.size() + second.members.size(), 2u);  // the leader alone sees them
}

TEST_F(GroupTest, FollowersWaitForTheLeader) {
  auto one = group.join(request());
  auto two = group.join(request());
  pass(milliseconds(300));
  JoinAnswer leader = one->take();
  JoinAnswer follower = two->take();
  if (leader.members.empty()) std::swap(leader, follower);
  auto waiting = group.sync({claim(follower), {}, {}, {}});
  EXPECT_FALSE(waiting->given());
  EXPECT_EQ(group.heartbeat(claim(follower)), KafkaError::none);
  auto led = group.sync({claim(leader), {}, {}, {{leader.member_id, bytes("a")}, {follower.member_id, bytes("b")}}});
  ASSERT_TRUE(waiting->given());
  EXPECT_EQ(text(waiting->take().assignment), "b");
  EXPECT_EQ(text(led->take().assignment), "a");
}

TEST_F(GroupTest, ANewcomerMakesTheOthersJoinAgain) {
  JoinAnswer first = settle_one(request());
  auto newcomer = group.join(request());
  EXPECT_FALSE(newcomer->given());
  EXPECT_EQ(group.heartbeat(claim(first)), KafkaError::rebalance_in_progress);
  EXPECT_EQ(sync_error(first), KafkaError::rebalance_in_progress);
  auto again = group.join(request(first.member_id));
  ASSERT_TRUE(newcomer->given());
  ASSERT_TRUE(again->given());
  EXPECT_EQ(again->take().generation, 2);
  EXPECT_EQ(group.heartbeat(claim(first)), KafkaError::illegal_generation);
}

TEST_F(GroupTest, WhoDoesNotJoinAgainInTimeIsLeftOut) {
  JoinAnswer first = settle_one(request());
  auto newcomer = group.join(request());
  for (int i = 0; i < 12; ++i) {
    pass(seconds(5));
    (void)group.heartbeat(claim(first));  // alive, but does not join
  }
  ASSERT_TRUE(newcomer->given());
  EXPECT_EQ(newcomer->take().generation, 2);
  EXPECT_EQ(group.members().size(), 1u);
  EXPECT_EQ(group.heartbeat(claim(first)), KafkaError::unknown_member_id);
}

TEST_F(GroupTest, SilenceEndsTheSession) {
  JoinAnswer first = settle_one(request());
  pass(seconds(9));
  EXPECT_EQ(group.heartbeat(claim(first)), KafkaError::none);
  pass(seconds(9));
  EXPECT_EQ(group.members().size(), 1u);
  pass(seconds(2));
  EXPECT_TRUE(group.disposable());
  EXPECT_EQ(group.state(), GroupState::empty);
}

TEST_F(GroupTest, AMemberWhoseConnectionBrokeWhileJoiningIsLeftOut) {
  auto gone = group.join(request());
  auto stays = group.join(request());
  group.abandon(gone.get());
  pass(milliseconds(300));
  ASSERT_TRUE(stays->given());
  EXPECT_EQ(stays->take().members.size(), 1u);
  EXPECT_EQ(group.members().size(), 1u);
}

TEST_F(GroupTest, WhoDoesNotSyncInTimeIsLeftOut) {
  options.session_timeout_max = seconds(1000);
  JoinRequest slow = request();
  slow.session_timeout = seconds(500);
  auto one = group.join(slow);
  pass(milliseconds(300));
  ASSERT_TRUE(one->given());
  pass(seconds(61));
  EXPECT_TRUE(group.members().empty());
}

TEST_F(GroupTest, LeavingMakesTheOthersRebalance) {
  auto one = group.join(request());
  auto two = group.join(request());
  pass(milliseconds(300));
  JoinAnswer first = one->take();
  JoinAnswer second = two->take();
  EXPECT_EQ(group.leave({"g", first.member_id, std::nullopt, -1}), KafkaError::none);
  EXPECT_EQ(group.heartbeat(claim(second)), KafkaError::rebalance_in_progress);
  EXPECT_EQ(group.leave({"g", first.member_id, std::nullopt, -1}), KafkaError::unknown_member_id);
  EXPECT_EQ(group.leave({"g", second.member_id, std::nullopt, -1}), KafkaError::none);
  EXPECT_TRUE(group.disposable());
}

TEST_F(GroupTest, MembersMustShareAProtocol) {
  settle_one(request());
  JoinRequest other = request();
  other.protocols = {{"roundrobin", bytes("")}};
  EXPECT_EQ(group.join(other)->take().error, KafkaError::inconsistent_group_protocol);
  JoinRequest connect = request();
  connect.protocol_type = "connect";
  EXPECT_EQ(group.join(connect)->take().error, KafkaError::inconsistent_group_protocol);
  JoinRequest nothing = request();
  nothing.protocols.clear();
  EXPECT_EQ(group.join(nothing)->take().error, KafkaError::inconsistent_group_protocol);
}

TEST_F(GroupTest, TheProtocolThatAllKnowAndMostPreferIsChosen) {
  JoinRequest one = request();
  one.protocols = {{"a", bytes("1")}, {"b", bytes("1")}};
  JoinRequest two = request();
  two.protocols = {{"b", bytes("2")}, {"a", bytes("2")}};
  JoinRequest three = request();
  three.protocols = {{"c", bytes("3")}, {"b", bytes("3")}};
  auto first = group.join(one);
  auto second = group.join(two);
  auto third = group.join(three);
  pass(milliseconds(300));
  EXPECT_EQ(first->take().protocol_name, "b");
}

TEST_F(GroupTest, ARetriedJoinGetsTheSameAnswerWithoutARebalance) {
  auto one = group.join(request());
  auto two = group.join(request());
  pass(milliseconds(300));
  JoinAnswer first = one->take();
  auto again = group.join(request(first.member_id));
  ASSERT_TRUE(again->given());
  EXPECT_EQ(again->take().generation, first.generation);
  EXPECT_EQ(group.state(), GroupState::completing_rebalance);
}

TEST_F(GroupTest, TheLeaderAsksForARebalanceByJoining) {
  JoinAnswer leader = settle_one(request());
  auto again = group.join(request(leader.member_id));
  ASSERT_TRUE(again->given());
  EXPECT_EQ(again->take().generation, 2);
}

TEST_F(GroupTest, AStaticMemberComesBackWithoutARebalance) {
  JoinAnswer first = settle_one(as_instance("i"));
  JoinRequest again = as_instance("i");
  again.may_skip_assignment = true;
  auto reply = group.join(again);
  ASSERT_TRUE(reply->given());
  JoinAnswer second = reply->take();
  EXPECT_EQ(second.error, KafkaError::none);
  EXPECT_EQ(second.generation, first.generation);
  EXPECT_NE(second.member_id, first.member_id);
  EXPECT_TRUE(second.skip_assignment);
  EXPECT_EQ(group.state(), GroupState::stable);
  MemberClaim claim{"g", second.member_id, "i", second.generation};
  EXPECT_EQ(text(group.sync({claim, {}, {}, {}})->take().assignment), "all");
  EXPECT_EQ(group.heartbeat({"g", first.member_id, "i", first.generation}), KafkaError::fenced_instance_id);
}

// Its metadata says what it owned, so it is another after every restart.
TEST_F(GroupTest, AStaticMemberWithOtherMetadataComesBackWithoutARebalance) {
  settle_one(as_instance("i", "owned 1 2 3"));
  auto reply = group.join(as_instance("i", "owned nothing"));
  ASSERT_TRUE(reply->given());
  EXPECT_EQ(reply->take().generation, 1);
  EXPECT_EQ(group.state(), GroupState::stable);
}

TEST_F(GroupTest, AStaticMemberWithAnotherSubscriptionMakesARebalance) {
  JoinRequest first = as_instance("i");
  first.topic_names = {"old"};
  settle_one(first);
  JoinRequest changed = as_instance("i");
  changed.topic_names = {"new"};
  auto reply = group.join(changed);
  ASSERT_TRUE(reply->given());  // it is the only one, so all have joined
  EXPECT_EQ(reply->take().generation, 2);
}

TEST_F(GroupTest, AStaticMemberThatLeavesNoProtocolInCommonMakesARebalance) {
  settle_one(as_instance("i"));
  JoinRequest changed = as_instance("i");
  changed.protocols = {{"sticky", bytes("m")}};
  auto reply = group.join(changed);
  ASSERT_TRUE(reply->given());  // it is the only one, so all have joined
  EXPECT_EQ(reply->take().generation, 2);
}

TEST_F(GroupTest, AStaticMemberIsRemovedByItsInstance) {
  settle_one(as_instance("i"));
  EXPECT_EQ(group.leave({"g", "", "other", -1}), KafkaError::unknown_member_id);
  EXPECT_EQ(group.leave({"g", "", "i", -1}), KafkaError::none);
  EXPECT_TRUE(group.disposable());
}

TEST_F(GroupTest, CommitsAreTakenFromTheRightMembersOnly) {
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}), KafkaError::none);
  auto reply = group.join(request());
  pass(milliseconds(300));
  JoinAnswer joined = reply->take();
  EXPECT_EQ(group.check_commit(claim(joined)), KafkaError::rebalance_in_progress);  // nothing is assigned yet
  group.sync({claim(joined), {}, {}, {}});
  EXPECT_EQ(group.check_commit(claim(joined)), KafkaError::none);
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}), KafkaError::unknown_member_id);
  EXPECT_EQ(group.check_commit({"g", joined.member_id, std::nullopt, 7}), KafkaError::illegal_generation);
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}, CommitKind::transactional), KafkaError::none);
  auto newcomer = group.join(request());
  EXPECT_EQ(group.check_commit(claim(joined)), KafkaError::none);  // before it joins again
}

TEST_F(GroupTest, TheGroupIsBounded) {
  options.members_max = 1;
  settle_one(request());
  EXPECT_EQ(group.join(request())->take().error, KafkaError::group_max_size_reached);
}

}  // namespace
}  // namespace distributary
