// Groups whose members change over between the protocols, one by one.
#include "broker/group_migration_harness.h"

namespace distributary {
namespace {

TEST_F(GroupMigrationTest, EagerMembersStayWhenSomebodyJoinsWithTheNewProtocol) {
  Classic a, b;
  settle({{&a, "012"}, {&b, "345"}});
  Consumer c = join("c");
  EXPECT_EQ(c.reads, "") << "all are still read by the others";
  EXPECT_EQ(type(), "consumer");
  EXPECT_EQ(describe().members.size(), 3u);
  EXPECT_EQ(check_commit(a.claim()), KafkaError::none) << "before it joins again";
  EXPECT_EQ(beat(a), KafkaError::rebalance_in_progress);
  EXPECT_EQ(sync(a).error, KafkaError::rebalance_in_progress);
  const int32_t before = a.generation;
  rejoin_eagerly(a);
  EXPECT_EQ(a.generation, before + 1);
  EXPECT_EQ(a.reads.size(), 2u);
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(c.reads.size(), 1u) << "what a has given up";
  rejoin_eagerly(b);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(sorted(a.reads + b.reads + c.reads), "012345");
  EXPECT_EQ(describe().state, "Stable");
  EXPECT_EQ(check_commit(a.claim()), KafkaError::none);
  EXPECT_EQ(check_commit({"g", a.id, std::nullopt, before}), KafkaError::illegal_generation);
  EXPECT_EQ(groups().check_fetch("g", a.id, a.generation), KafkaError::none);
}

TEST_F(GroupMigrationTest, ACooperativeMemberGivesUpOnlyWhatItMust) {
  Classic a;
  settle({{&a, "012345"}});
  Consumer c = join("c");
  EXPECT_EQ(beat(a), KafkaError::rebalance_in_progress);
  const int32_t before = a.generation;
  rejoin(a);  // it owns all of them
  EXPECT_EQ(a.generation, before) << "it has not given up anything yet";
  EXPECT_EQ(a.reads.size(), 3u);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(c.reads, "");
  EXPECT_EQ(beat(a), KafkaError::rebalance_in_progress);
  rejoin(a);  // now it owns the rest
  EXPECT_EQ(a.generation, before + 1);
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(sorted(a.reads + c.reads), "012345");
}

TEST_F(GroupMigrationTest, ANewMemberMaySpeakTheClassicProtocolAndGetsWhatOthersGiveUp) {
  Consumer c = join("c");
  EXPECT_EQ(c.reads.size(), 6u);
  Classic a;
  JoinRequest first = join_request(a);
  first.known_id_needed = true;
  JoinAnswer told = must(run(groups().join(first, {})));
  EXPECT_EQ(told.error, KafkaError::member_id_required);
  a.id = told.member_id;
  rejoin(a);
  EXPECT_EQ(a.reads, "");
  EXPECT_EQ(beat(a), KafkaError::none) << "there is nothing for it yet";
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(c.reads.size(), 3u);
  EXPECT_EQ(beat(a), KafkaError::none) << "not given up yet";
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(beat(a), KafkaError::rebalance_in_progress);
  rejoin(a);
  EXPECT_EQ(sorted(a.reads + c.reads), "012345");
  EXPECT_EQ(describe().members.size(), 2u);
  for (const auto& member : describe().members) EXPECT_EQ(member.classic, member.id == a.id);
  EXPECT_EQ(groups().leave(a.claim()), KafkaError::none);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(c.reads.size(), 6u);
}

TEST_F(GroupMigrationTest, TheGroupIsClassicAgainWhenTheLastOtherMemberLeaves) {
  Classic a, b;
  settle({{&a, "012"}, {&b, "345"}});
  Consumer c = join("c");
  rejoin_eagerly(a);
  EXPECT_EQ(leave(c), KafkaError::none);
  EXPECT_EQ(type(), "classic");
  EXPECT_NE(a.generation, b.generation);
  for (Classic* member : {&a, &b}) {
    EXPECT_EQ(beat(*member), KafkaError::rebalance_in_progress) << "in its own generation";
    EXPECT_EQ(check_commit(member->claim()), KafkaError::none);
    EXPECT_EQ(sync(*member).error, KafkaError::rebalance_in_progress);
  }
  const int32_t before = a.generation;
  settle({{&a, "01"}, {&b, "2345"}});
  EXPECT_GT(a.generation, before);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.reads, "01");
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(describe().fault.error, KafkaError::group_id_not_found);
  EXPECT_EQ(beat(c), KafkaError::unknown_member_id) << "it may join again";
}

TEST_F(GroupMigrationTest, TheGroupIsClassicAgainWhenTheLastOtherMemberExpires) {
  Classic a;
  settle({{&a, "012345"}});
  Consumer c = join("c");
  rejoin(a);
  rejoin(a);
  while (type() == "consumer") {
    sim.executor().run_for(seconds(5));
    ASSERT_NE(beat(a), KafkaError::unknown_member_id);
  }
  settle({{&a, "012345"}});
  EXPECT_EQ(beat(a), KafkaError::none);
}

TEST_F(GroupMigrationTest, ThereAndBackAgain) {
  Classic a, b;
  settle({{&a, "012"}, {&b, "345"}});
  EXPECT_EQ(groups().leave(a.claim()), KafkaError::none);
  Consumer a2 = join("a2");
  EXPECT_EQ(beat(b), KafkaError::rebalance_in_progress);
  EXPECT_EQ(groups().leave(b.claim()), KafkaError::none);
  Consumer b2 = join("b2");
  EXPECT_EQ(beat(a2), KafkaError::none);
  EXPECT_EQ(beat(a2), KafkaError::none);
  EXPECT_EQ(beat(b2), KafkaError::none);
  EXPECT_EQ(sorted(a2.reads + b2.reads), "012345");
  EXPECT_EQ(leave(a2), KafkaError::none);
  Classic a3;
  rejoin(a3);
  EXPECT_EQ(leave(b2), KafkaError::none);
  EXPECT_EQ(type(), "classic");
  settle({{&a3, "012345"}});
  EXPECT_EQ(beat(a3), KafkaError::none);
}

TEST_F(GroupMigrationTest, WhoCannotBeReadKeepsTheOtherProtocolOut) {
  Classic a;
  settle({{&a, "x"}});
  Consumer c{"c", kJoinEpoch, "", std::nullopt};
  ConsumerHeartbeatAnswer answer = send(c, kJoinEpoch);
  EXPECT_EQ(answer.fault.error, KafkaError::group_id_not_found);
  EXPECT_NE(answer.fault.message.find("cannot be read"), std::string::npos);
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(send(c, 5).fault.error, KafkaError::unknown_member_id);
}

TEST_F(GroupMigrationTest, WhoSharesNoProtocolWithTheOthersIsRefused) {
  Consumer c = join("c");
  Classic a;
  rejoin(a);
  JoinRequest request = join_request(Classic());
  request.protocols[0].name = "sticky";
  EXPECT_EQ(must(run(groups().join(request, {}))).error, KafkaError::inconsistent_group_protocol);
  request = join_request(Classic());
  request.topic_names.reset();
  EXPECT_EQ(must(run(groups().join(request, {}))).error, KafkaError::inconsistent_group_protocol);
  request = join_request(Classic());
  request.protocol_type = "connect";
  EXPECT_EQ(must(run(groups().join(request, {}))).error, KafkaError::inconsistent_group_protocol);
  Classic unknown{"nobody", -1, "0", std::nullopt};
  EXPECT_EQ(join_all({&unknown})[0].error, KafkaError::unknown_member_id) << "it reads something that it does not have";
}

TEST_F(GroupMigrationTest, ARebalanceThatIsUnderWayGoesOn) {
  Classic a, b;
  a.reads = "012345";
  join_all({&a});  // does not take its assignment
  Consumer c = join("c");
  EXPECT_EQ(c.reads, "") << "a says that it owns them";
  EXPECT_EQ(sync(a).error, KafkaError::rebalance_in_progress);
  rejoin_eagerly(a);
  EXPECT_EQ(a.reads.size(), 3u);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(c.reads.size(), 3u);
}

TEST_F(GroupMigrationTest, WhoWaitsToJoinIsToldToJoinAgain) {
  Classic a;
  settle({{&a, "012345"}});
  std::optional<JoinAnswer> waiting;
  TaskScope scope(sim.executor());
  scope.spawn(join_into(groups(), join_request(Classic()), waiting));
  sim.executor().run_for(seconds(1));
  EXPECT_FALSE(waiting.has_value()) << "a has not joined yet";
  Consumer c = join("c");
  run(scope.join());
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->error, KafkaError::rebalance_in_progress);
}

TEST_F(GroupMigrationTest, AMemberThatDoesNotFollowIsRemoved) {
  Classic a, b;
  settle({{&a, "012"}, {&b, "345"}});
  Consumer c = join("c");
  join_all({&a});  // and does not fetch its assignment
  EXPECT_EQ(beat(b), KafkaError::rebalance_in_progress);
  for (int i = 0; i < 12; ++i) {
    sim.executor().run_for(seconds(6));
    beat(a);
    beat(b);
    beat(c);
  }
  EXPECT_EQ(beat(a), KafkaError::unknown_member_id);
  EXPECT_EQ(beat(b), KafkaError::unknown_member_id);
  EXPECT_EQ(c.reads.size(), 6u);
}

TEST_F(GroupMigrationTest, StaticMembersKeepTheirPlaceInBothDirections) {
  Classic a{"", -1, "", "i"}, b{"", -1, "", "j"};
  settle({{&a, "012"}, {&b, "345"}});
  Consumer a2 = join("a2", "i");
  EXPECT_EQ(a2.reads, "012") << "nothing moves";
  EXPECT_EQ(beat(a), KafkaError::fenced_instance_id);
  EXPECT_EQ(beat(b), KafkaError::none);
  EXPECT_EQ(check_commit(b.claim()), KafkaError::none);
  EXPECT_EQ(send(a2, kLeaveForNowEpoch).fault.error, KafkaError::none);
  Classic a3{"", -1, "", "i"};
  JoinAnswer joined = join_all({&a3}).at(0);
  EXPECT_EQ(joined.error, KafkaError::none);
  EXPECT_EQ(type(), "classic") << "nobody else spoke the new protocol";
  EXPECT_EQ(sync(a3).error, KafkaError::rebalance_in_progress);
  settle({{&a3, "012"}, {&b, "345"}});
  EXPECT_EQ(a3.reads, "012");
}

TEST_F(GroupMigrationTest, AMixedGroupSurvivesARestart) {
  Classic a;
  settle({{&a, "012345"}});
  Consumer c = join("c");
  rejoin(a);
  rejoin(a);
  beat(c);
  EXPECT_EQ(check_commit(a.claim()), KafkaError::none);
  restart();
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(beat(c), KafkaError::none);
  EXPECT_EQ(check_commit(a.claim()), KafkaError::none);
  EXPECT_EQ(sync(a).unwritten->partitions.at(0).partitions.size(), 3u);
}

TEST_F(GroupMigrationTest, ARestartInTheFirstRebalanceAfterTheChangeBackForgetsNobody) {
  Classic a{"", -1, "", "i"}, b;
  settle({{&a, "012"}, {&b, "345"}});
  Consumer c = join("c");
  EXPECT_EQ(leave(c), KafkaError::none);
  for (int times = 0; times < 2; ++times) {
    restart();
    EXPECT_EQ(type(), "classic");
    EXPECT_EQ(groups().group_count(), 1u);
    for (Classic* member : {&a, &b}) {
      EXPECT_EQ(beat(*member), KafkaError::rebalance_in_progress);
      EXPECT_EQ(check_commit(member->claim()), KafkaError::none) << "it still reads what it had";
      EXPECT_EQ(sync(*member).error, KafkaError::rebalance_in_progress);
    }
    EXPECT_EQ(beat(c), KafkaError::unknown_member_id) << "it has left";
  }
  settle({{&a, "01"}, {&b, "2345"}});
  restart();
  EXPECT_EQ(beat(a), KafkaError::none);
  EXPECT_EQ(as_text(sync(b).assignment), "2345");
  EXPECT_EQ(beat(c), KafkaError::unknown_member_id) << "it may join again";
}

TEST_F(GroupMigrationTest, WhatThatRebalanceGaveBeforeTheRestartIsJoinedAnew) {
  Classic a{"", -1, "", "i"}, b;
  settle({{&a, "012"}, {&b, "345"}});
  Consumer c = join("c");
  EXPECT_EQ(leave(c), KafkaError::none);
  join_all({&a, &b});  // and nobody sends assignments
  restart();
  EXPECT_EQ(beat(a), KafkaError::illegal_generation);
  EXPECT_EQ(beat(b), KafkaError::illegal_generation);
  settle({{&a, "012"}, {&b, "345"}});
  EXPECT_EQ(beat(a), KafkaError::none);
  sim.executor().run_for(seconds(11));
  EXPECT_EQ(groups().group_count(), 0u) << "all have expired";
  restart();
  EXPECT_EQ(groups().group_count(), 0u);
}

}  // namespace
}  // namespace distributary
