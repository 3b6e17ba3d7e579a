// Members of groups of both protocols over a restart of the node.
#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::seconds;

class GroupsRestartTest : public testing::Test, protected BrokerHarness {
 protected:
  GroupCoordinator& groups() { return broker->groups(); }
  static JoinRequest join_request(std::optional<std::string> instance = std::nullopt) {
    JoinRequest join;
    join.group = "g";
    join.instance_id = std::move(instance);
    join.caller.client_id = "c";
    join.session_timeout = seconds(10);
    join.rebalance_timeout = seconds(60);
    join.protocol_type = "consumer";
    join.protocols = {{"range", Bytes::copy(as_bytes("m"))}};
    join.topic_names = std::vector<std::string>{"t"};
    return join;
  }
  static Task<void> join_into(GroupCoordinator& groups, JoinRequest request, std::vector<JoinAnswer>& out) {
    std::stop_token never;
    Result<JoinAnswer> answer = co_await groups.join(std::move(request), never);
    if (answer) out.push_back(std::move(*answer));
  }
  std::vector<JoinAnswer> join_all(std::vector<JoinRequest> requests) {
    std::vector<JoinAnswer> out;
    TaskScope scope(sim.executor());
    const size_t count = requests.size();
    for (JoinRequest& request : requests) scope.spawn(join_into(groups(), std::move(request), out));
    EXPECT_TRUE(sim.executor().run_until_true([&] { return out.size() == count; }));
    return out;
  }
  static MemberClaim claim(const JoinAnswer& joined, std::optional<std::string> instance = std::nullopt) {
    return {"g", joined.member_id, std::move(instance), joined.generation};
  }
  SyncAnswer sync(MemberClaim member, std::vector<std::pair<std::string, Bytes>> assignments = {}) {
    return must(run(groups().sync({std::move(member), {}, {}, std::move(assignments)}, {})));
  }
  MemberClaim settle_one(std::optional<std::string> instance = std::nullopt) {
    JoinAnswer joined = join_all({join_request(instance)}).at(0);
    MemberClaim member = claim(joined, std::move(instance));
    EXPECT_EQ(sync(member, {{member.member_id, Bytes::copy(as_bytes("p"))}}).error, KafkaError::none);
    return member;
  }
  // The leader first.
  std::vector<MemberClaim> settle_two() {
    std::vector<JoinAnswer> joined = join_all({join_request(), join_request()});
    if (joined[0].member_id != joined[0].leader) std::swap(joined[0], joined[1]);
    std::vector<MemberClaim> out{claim(joined[0]), claim(joined[1])};
    const Bytes all = Bytes::copy(as_bytes("p"));
    EXPECT_EQ(sync(out[0], {{out[0].member_id, all}, {out[1].member_id, all}}).error, KafkaError::none);
    EXPECT_EQ(sync(out[1]).error, KafkaError::none);
    return out;
  }
  KafkaError check_commit(const MemberClaim& member) { return groups().check_commit(member, CommitKind::with_epochs); }
  GroupDescription describe() { return run(groups().describe({"g"}, caller)).at(0); }

  ConsumerHeartbeat heartbeat(const std::string& member, int32_t epoch,
                              std::optional<PartitionSet> owned = std::nullopt) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = member;
    request.epoch = epoch;
    request.owned = std::move(owned);
    if (epoch != kJoinEpoch) return request;
    request.rebalance_timeout = seconds(30);
    request.topic_names = std::vector<std::string>{"t"};
    request.owned = PartitionSet();
    return request;
  }
  ConsumerHeartbeatAnswer send(const ConsumerHeartbeat& request) {
    return run(groups().consumer_heartbeat(request, caller));
  }
  ConsumerGroupDescription describe_consumers() { return run(groups().describe_consumer_groups({"g"}, caller)).at(0); }
};

TEST_F(GroupsRestartTest, AMemberGoesOnWithItsGeneration) {
  create("t");
  const MemberClaim member = settle_one();
  kill();
  GroupDescription group = describe();
  EXPECT_EQ(group.state, "Stable");
  EXPECT_EQ(group.protocol_name, "range");
  ASSERT_EQ(group.members.size(), 1u);
  EXPECT_EQ(group.members[0].client_id, "c");
  EXPECT_EQ(as_text(group.members[0].metadata), "m");
  EXPECT_EQ(groups().heartbeat(member), KafkaError::none);
  EXPECT_EQ(check_commit(member), KafkaError::none);
  EXPECT_EQ(as_text(sync(member).assignment), "p");
  MemberClaim stale = member;
  --stale.generation;
  EXPECT_EQ(groups().heartbeat(stale), KafkaError::illegal_generation);
  EXPECT_EQ(groups().leave(member), KafkaError::none);
  restart();
  EXPECT_EQ(groups().group_count(), 0u) << "nobody is there any more";
  EXPECT_EQ(groups().heartbeat(member), KafkaError::unknown_member_id);
  EXPECT_TRUE(meta.entries.empty() || !meta.entries.contains("group/g"));
}

TEST_F(GroupsRestartTest, WhoDoesNotComeBackExpiresAndTheRestRebalances) {
  const std::vector<MemberClaim> members = settle_two();
  kill();
  sim.executor().run_for(seconds(6));
  EXPECT_EQ(groups().heartbeat(members[0]), KafkaError::none);
  sim.executor().run_for(seconds(6));
  EXPECT_EQ(groups().heartbeat(members[0]), KafkaError::rebalance_in_progress);
  EXPECT_EQ(groups().heartbeat(members[1]), KafkaError::unknown_member_id);
  JoinRequest again = join_request();
  again.member_id = members[0].member_id;
  JoinAnswer joined = join_all({again}).at(0);
  EXPECT_EQ(joined.generation, members[0].generation + 1);
  EXPECT_EQ(joined.members.size(), 1u);
}

TEST_F(GroupsRestartTest, ARebalanceThatWasUnderWayIsForgotten) {
  const MemberClaim member = settle_one();
  JoinRequest again = join_request();
  again.member_id = member.member_id;
  JoinAnswer second = join_all({again}).at(0);
  EXPECT_EQ(second.generation, member.generation + 1);
  EXPECT_EQ(describe().state, "CompletingRebalance");
  restart();
  EXPECT_EQ(describe().state, "Stable");
  EXPECT_EQ(groups().heartbeat(member), KafkaError::none);
  EXPECT_EQ(groups().heartbeat(claim(second)), KafkaError::illegal_generation);
}

TEST_F(GroupsRestartTest, AFirstRebalanceThatWasUnderWayLeavesNothing) {
  const MemberClaim member = claim(join_all({join_request()}).at(0));
  restart();
  EXPECT_EQ(groups().heartbeat(member), KafkaError::unknown_member_id);
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupsRestartTest, AStaticMemberComesBackInEveryWay) {
  const MemberClaim member = settle_one("one");
  kill();
  EXPECT_EQ(groups().heartbeat(member), KafkaError::none);
  JoinAnswer replaced = join_all({join_request("one")}).at(0);
  EXPECT_NE(replaced.member_id, member.member_id);
  EXPECT_EQ(replaced.generation, member.generation) << "nothing has changed";
  kill();
  const MemberClaim now = claim(replaced, "one");
  EXPECT_EQ(groups().heartbeat(now), KafkaError::none) << "its new id was kept before it was told";
  EXPECT_EQ(groups().heartbeat(member), KafkaError::fenced_instance_id);
  EXPECT_EQ(as_text(sync(now).assignment), "p");
}

// It got another id in a generation that did not come to be: the client must not take that for the end.
TEST_F(GroupsRestartTest, AStaticMemberWithAForgottenIdIsNotFenced) {
  const MemberClaim member = settle_one("one");
  JoinRequest other = join_request("one");
  other.topic_names = std::vector<std::string>{"u"};
  const MemberClaim unfinished = claim(join_all({other}).at(0), "one");
  EXPECT_EQ(unfinished.generation, member.generation + 1);
  kill();
  EXPECT_EQ(groups().heartbeat(unfinished), KafkaError::unknown_member_id);
  EXPECT_EQ(groups().heartbeat(member), KafkaError::none);
  EXPECT_EQ(groups().heartbeat(unfinished), KafkaError::fenced_instance_id) << "the former self is there";
}

TEST_F(GroupsRestartTest, StaticMembersExpireToo) {
  settle_one("one");
  kill();
  EXPECT_EQ(groups().group_count(), 1u);
  sim.executor().run_for(seconds(11));
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupsRestartTest, AGroupThatCannotBeReadBeginsEmpty) {
  const MemberClaim member = settle_one();
  stop();
  BrokerOptions options{.cluster_name = "here", .default_stream = "/main"};
  options.group.initial_rebalance_delay = std::chrono::milliseconds(100);
  meta.entries.at("group/g")[0] = 77;
  meta.entries["group/h"] = "";
  start(std::move(options));
  EXPECT_EQ(groups().group_count(), 0u);
  EXPECT_EQ(groups().heartbeat(member), KafkaError::unknown_member_id);
  const MemberClaim next = settle_one();
  kill();
  EXPECT_EQ(groups().heartbeat(next), KafkaError::none);
}

TEST_F(GroupsRestartTest, ADiskThatFailsHoldsNobodyUp) {
  create("t");
  meta.fail_next_apply = ErrorCode::io;
  const MemberClaim member = settle_one();
  EXPECT_FALSE(meta.fail_next_apply) << "it was tried";
  EXPECT_FALSE(meta.entries.contains("group/g"));
  sim.executor().run_for(kKeepRetry);
  kill();
  EXPECT_EQ(groups().heartbeat(member), KafkaError::none);
}

TEST_F(GroupsRestartTest, AConsumerGoesOnWithItsEpoch) {
  create("t", 4);
  ConsumerHeartbeatAnswer joined = send(heartbeat("a", kJoinEpoch));
  ASSERT_TRUE(joined.fault.ok()) << joined.fault.message;
  kill();
  ConsumerGroupDescription group = describe_consumers();
  EXPECT_EQ(group.state, "Stable");
  EXPECT_EQ(group.epoch, joined.epoch);
  ASSERT_EQ(group.members.size(), 1u);
  EXPECT_EQ(group.members[0].assigned.at(0).topic_name, "t");
  EXPECT_EQ(group.members[0].assigned.at(0).partitions.size(), 4u);
  ConsumerHeartbeatAnswer next = send(heartbeat("a", joined.epoch));
  EXPECT_TRUE(next.fault.ok()) << next.fault.message;
  EXPECT_EQ(next.epoch, joined.epoch) << "the topics are the same";
  EXPECT_FALSE(next.assignment) << "as before";
  EXPECT_EQ(check_commit({"g", "a", std::nullopt, joined.epoch}), KafkaError::none);
  EXPECT_TRUE(send(heartbeat("a", kLeaveEpoch)).fault.ok());
  restart();
  EXPECT_EQ(groups().group_count(), 0u);
}

TEST_F(GroupsRestartTest, PartitionsThatMustBeGivenUpStillMustBe) {
  create("t", 4);
  ConsumerHeartbeatAnswer a = send(heartbeat("a", kJoinEpoch));
  const PartitionSet all = *a.assignment;
  ConsumerHeartbeatAnswer b = send(heartbeat("b", kJoinEpoch));
  EXPECT_TRUE(b.assignment->empty()) << "the other one still has everything";
  a = send(heartbeat("a", a.epoch, all));
  ASSERT_EQ(a.assignment->size(), 2u);
  kill();
  b = send(heartbeat("b", b.epoch, PartitionSet()));
  EXPECT_FALSE(b.assignment) << "it has not given them up";
  EXPECT_EQ(describe_consumers().state, "Reconciling");
  a = send(heartbeat("a", a.epoch, *a.assignment));
  EXPECT_EQ(a.epoch, b.epoch);
  b = send(heartbeat("b", b.epoch, PartitionSet()));
  ASSERT_TRUE(b.assignment);
  EXPECT_EQ(b.assignment->size(), 2u);
  EXPECT_EQ(describe_consumers().state, "Stable");
}

TEST_F(GroupsRestartTest, AConsumerThatDoesNotComeBackExpires) {
  create("t", 4);
  send(heartbeat("a", kJoinEpoch));
  ConsumerHeartbeatAnswer b = send(heartbeat("b", kJoinEpoch));
  kill();
  for (int i = 0; i < 5; ++i) {
    sim.executor().run_for(seconds(10));
    b = send(heartbeat("b", b.epoch, b.assignment.value_or(PartitionSet())));
    EXPECT_TRUE(b.fault.ok()) << b.fault.message;
  }
  ASSERT_EQ(describe_consumers().members.size(), 1u);
  EXPECT_EQ(describe_consumers().members[0].assigned.at(0).partitions.size(), 4u);
  EXPECT_EQ(send(heartbeat("a", 1)).fault.error, KafkaError::unknown_member_id);
}

TEST_F(GroupsRestartTest, AStaticConsumerThatIsAwayFindsItsPlace) {
  create("t", 4);
  ConsumerHeartbeat join = heartbeat("a", kJoinEpoch);
  join.instance_id = "one";
  ConsumerHeartbeatAnswer joined = send(join);
  ConsumerHeartbeat away = heartbeat("a", kLeaveForNowEpoch);
  away.instance_id = "one";
  EXPECT_TRUE(send(away).fault.ok());
  kill();
  join.member_id = "a2";
  ConsumerHeartbeatAnswer back = send(join);
  EXPECT_TRUE(back.fault.ok()) << back.fault.message;
  EXPECT_EQ(back.epoch, joined.epoch);
  EXPECT_EQ(*back.assignment, *joined.assignment);
}

// A heartbeat that changes nothing writes nothing.
TEST_F(GroupsRestartTest, OnlyChangesAreWritten) {
  create("t", 4);
  ConsumerHeartbeatAnswer joined = send(heartbeat("a", kJoinEpoch));
  ASSERT_TRUE(meta.entries.contains("group/g"));
  const uint64_t before = meta_store->version("group/");
  for (int i = 0; i < 5; ++i) {
    sim.executor().run_for(seconds(5));
    EXPECT_TRUE(send(heartbeat("a", joined.epoch, joined.assignment)).fault.ok());
  }
  EXPECT_EQ(meta_store->version("group/"), before);
}

}  // namespace
}  // namespace distributary
