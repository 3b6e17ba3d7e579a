// Groups whose members change over between the protocols, one by one.
#include "broker/group_migration.h"

#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::seconds;

// In these tests metadata and assignments are partition numbers of the topic `t`: "03".
std::optional<std::vector<NamedPartitions>> read_digits(const Bytes& bytes) {
  NamedPartitions out{"t", {}};
  for (char digit : as_text(bytes)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    out.partitions.push_back(digit - '0');
  }
  return std::vector<NamedPartitions>{out};
}
const ConsumerProtocolReader kDigitsReader{read_digits, read_digits};

class GroupMigrationTest : public testing::Test, protected BrokerHarness {
 protected:
  struct Classic {
    std::string id;
    int32_t generation = -1;
    std::string reads;  // what it says that it owns when it joins
    std::optional<std::string> instance;
    MemberClaim claim() const { return {"g", id, instance, generation}; }
  };
  struct Consumer {
    std::string id;
    int32_t epoch = kJoinEpoch;
    std::string reads;
    std::optional<std::string> instance;
  };
  static constexpr int kPartitions = 6;

  GroupMigrationTest() { topic = create("t", kPartitions); }
  GroupCoordinator& groups() { return broker->groups(); }

  static JoinRequest join_request(const Classic& member) {
    JoinRequest join;
    join.group = "g";
    join.member_id = member.id;
    join.instance_id = member.instance;
    join.caller.client_id = "c";
    join.session_timeout = seconds(10);
    join.rebalance_timeout = seconds(60);
    join.protocol_type = "consumer";
    join.protocols = {{"range", Bytes::copy(as_bytes(member.reads))}};
    join.topic_names = std::vector<std::string>{"t"};
    join.owned = *read_digits(join.protocols[0].metadata);
    return join;
  }
  static Task<void> join_into(GroupCoordinator& groups, JoinRequest request, std::optional<JoinAnswer>& out) {
    std::stop_token never;
    Result<JoinAnswer> answer = co_await groups.join(std::move(request), never);
    if (answer) out = std::move(*answer);
  }
  // All at once, as in a rebalance of the classic protocol.
  std::vector<JoinAnswer> join_all(const std::vector<Classic*>& members) {
    std::vector<std::optional<JoinAnswer>> answers(members.size());
    TaskScope scope(sim.executor());
    for (size_t i = 0; i < members.size(); ++i) {
      scope.spawn(join_into(groups(), join_request(*members[i]), answers[i]));
    }
    EXPECT_TRUE(
        sim.executor().run_until_true([&] { return std::ranges::all_of(answers, [](auto& a) { return !!a; }); }));
    std::vector<JoinAnswer> out;
    for (size_t i = 0; i < members.size(); ++i) {
      members[i]->id = answers[i]->member_id;
      members[i]->generation = answers[i]->generation;
      out.push_back(std::move(*answers[i]));
    }
    return out;
  }
  SyncAnswer sync(const Classic& member, std::vector<std::pair<std::string, Bytes>> assignments = {}) {
    return must(run(groups().sync({member.claim(), "consumer", "range", std::move(assignments)}, {})));
  }
  // A generation of the classic protocol in which everybody reads what is said.
  void settle(const std::vector<std::pair<Classic*, std::string>>& members) {
    std::vector<Classic*> all;
    std::vector<std::pair<std::string, Bytes>> assignments;
    for (auto& [member, reads] : members) all.push_back(member);
    const std::string leader = join_all(all)[0].leader;
    for (auto& [member, reads] : members) assignments.emplace_back(member->id, Bytes::copy(as_bytes(reads)));
    auto leads = [&](const auto& entry) { return entry.first->id == leader; };
    EXPECT_EQ(sync(*std::ranges::find_if(members, leads)->first, assignments).error, KafkaError::none);
    for (auto& [member, reads] : members) {
      SyncAnswer answer = sync(*member);
      EXPECT_EQ(answer.error, KafkaError::none);
      member->reads = as_text(answer.assignment);
    }
  }
  // Joins a group of the new protocol and takes its assignment; the client has set what it goes on owning.
  JoinAnswer rejoin(Classic& member) {
    JoinAnswer joined = join_all({&member}).at(0);
    EXPECT_EQ(joined.error, KafkaError::none);
    EXPECT_EQ(joined.leader, "");
    EXPECT_TRUE(joined.members.empty());
    SyncAnswer synced = sync(member);
    EXPECT_EQ(synced.error, KafkaError::none);
    member.reads.clear();
    if (!synced.unwritten) return joined;
    for (const NamedPartitions& named : synced.unwritten->partitions) {
      EXPECT_EQ(named.topic, "t");
      for (int32_t partition : named.partitions) member.reads += static_cast<char>('0' + partition);
    }
    return joined;
  }
  JoinAnswer rejoin_eagerly(Classic& member) {
    member.reads.clear();
    return rejoin(member);
  }
  KafkaError beat(const Classic& member) { return groups().heartbeat(member.claim()); }
  KafkaError check_commit(const MemberClaim& claim) { return groups().check_commit(claim, CommitKind::plain); }

  PartitionSet partitions(const std::string& digits) const {
    PartitionSet out;
    for (char digit : digits) out.push_back({topic, static_cast<PartitionIndex>(digit - '0')});
    return out;
  }
  ConsumerHeartbeatAnswer send(Consumer& member, int32_t epoch) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = member.id;
    request.instance_id = member.instance;
    request.epoch = epoch;
    request.classic_reader = &kDigitsReader;
    request.owned = partitions(member.reads);
    if (epoch == kJoinEpoch) {
      request.rebalance_timeout = seconds(30);
      request.topic_names = std::vector<std::string>{"t"};
    }
    ConsumerHeartbeatAnswer answer = run(groups().consumer_heartbeat(request, caller));
    if (!answer.fault.ok() || epoch < 0) return answer;
    member.epoch = answer.epoch;
    if (!answer.assignment) return answer;
    member.reads.clear();
    for (const TopicPartition& partition : *answer.assignment) {
      member.reads += static_cast<char>('0' + partition.partition);
    }
    return answer;
  }
  Consumer join(const std::string& id, std::optional<std::string> instance = std::nullopt) {
    Consumer out{id, kJoinEpoch, "", std::move(instance)};
    ConsumerHeartbeatAnswer answer = send(out, kJoinEpoch);
    EXPECT_TRUE(answer.fault.ok()) << answer.fault.message;
    return out;
  }
  KafkaError beat(Consumer& member) { return send(member, member.epoch).fault.error; }
  KafkaError leave(Consumer& member) { return send(member, kLeaveEpoch).fault.error; }
  std::string type() {
    std::vector<GroupSummary> listed = run(groups().list(caller));
    return listed.empty() ? "" : listed[0].type;
  }
  static std::string sorted(std::string digits) {
    std::ranges::sort(digits);
    return digits;
  }
  ConsumerGroupDescription describe() { return run(groups().describe_consumer_groups({"g"}, caller)).at(0); }

  TopicUuid topic;
};

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

// Whoever comes, goes and moves on in whatever order.
TEST_F(GroupMigrationTest, NoPartitionIsReadByTwoMembersAndInTheEndAllAreRead) {
  SimRandom random(7);
  auto below = [&random](size_t bound) { return static_cast<size_t>(random.below(bound)); };
  struct Old {
    Classic client;
    bool eager = false;
  };
  std::vector<Consumer> consumers{join("c0")};
  std::vector<Old> classics;
  int names = 0;
  auto move_on = [this](Old& old) {
    const KafkaError told = beat(old.client);
    ASSERT_TRUE(told == KafkaError::none || told == KafkaError::rebalance_in_progress);
    if (told == KafkaError::none) return;
    if (old.eager) old.client.reads.clear();
    rejoin(old.client);
  };
  auto check = [&](bool all) {
    std::string read;
    for (const Consumer& one : consumers) read += one.reads;
    for (const Old& one : classics) read += one.client.reads;
    read = sorted(read);
    ASSERT_EQ(std::ranges::adjacent_find(read), read.end()) << read;
    if (all) {
      ASSERT_EQ(read, "012345");
    }
  };
  for (int step = 0; step < 3000; ++step) {
    const size_t what = below(20);
    if (what == 0 && consumers.size() < 4) {
      consumers.push_back(join("c" + std::to_string(++names)));
    } else if (what == 1 && classics.size() < 4) {
      classics.push_back({{}, below(2) == 0});
      rejoin(classics.back().client);
    } else if (what == 2 && consumers.size() > 1) {
      ASSERT_EQ(leave(consumers.back()), KafkaError::none);
      consumers.pop_back();
    } else if (what == 3 && !classics.empty()) {
      ASSERT_EQ(groups().leave(classics.back().client.claim()), KafkaError::none);
      classics.pop_back();
    } else if (what < 12 || classics.empty()) {
      ASSERT_EQ(beat(consumers[below(consumers.size())]), KafkaError::none);
    } else {
      move_on(classics[below(classics.size())]);
    }
    check(false);
    if (step % 100 != 99) continue;
    for (int round = 0; round < 10; ++round) {
      for (Consumer& one : consumers) ASSERT_EQ(beat(one), KafkaError::none);
      for (Old& one : classics) move_on(one);
    }
    check(true);
    ASSERT_EQ(describe().state, "Stable");
  }
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
