#include "broker/consumer_group.h"

#include <gtest/gtest.h>

#include <set>

#include "io/sim/sim_executor.h"
#include "io/sim/sim_random.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ConsumerGroupTest : public testing::Test {
 protected:
  ConsumerGroupTest() { widen("t", 4); }
  static TopicUuid topic(const std::string& name) { return Uuid::from_random({static_cast<uint8_t>(name[0])}); }
  void widen(const std::string& name, uint32_t partitions) {
    topics.by_name[name] = topic(name);
    topics.topics[topic(name)] = {name, partitions};
  }
  static PartitionSet parts(std::vector<uint32_t> numbers, const std::string& name = "t") {
    PartitionSet out;
    for (uint32_t number : numbers) out.push_back({topic(name), number});
    return out;
  }
  static ConsumerHeartbeat join_request(std::string member) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = std::move(member);
    request.rebalance_timeout = seconds(30);
    request.topic_names = {"t"};
    request.owned = PartitionSet();
    return request;
  }
  static ConsumerHeartbeat beat(std::string member, int32_t epoch, std::optional<PartitionSet> owned = std::nullopt) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = std::move(member);
    request.epoch = epoch;
    request.owned = std::move(owned);
    return request;
  }
  ConsumerHeartbeatAnswer send(const ConsumerHeartbeat& request, bool look = false) {
    std::optional<TopicsFound> found;
    if (look || request.subscribes()) found = TopicsFound{topics, {}};
    return group.heartbeat(request, caller, std::move(found));
  }
  ConsumerHeartbeatAnswer join(const std::string& member) { return send(join_request(member)); }
  KafkaError error(const ConsumerHeartbeat& request) { return send(request).fault.error; }
  void pass(Duration span) {
    const SteadyTime until = executor.now() + span;
    while (group.next_tick() <= until) {
      executor.run_until(std::max(group.next_tick(), executor.now()));
      group.tick();
    }
    executor.run_until(until);
  }
  const ConsumerMember& member(const std::string& id) { return group.members().at(id); }
  // Two members at epoch 2, with two partitions each.
  void settle_two() {
    join("a");
    join("b");
    PartitionSet kept = *send(beat("a", 1, parts({0, 1, 2, 3}))).assignment;
    send(beat("a", 1, kept));
    send(beat("b", 2));
    ASSERT_EQ(group.state(), ConsumerGroupState::stable);
  }

  SimExecutor executor;
  SimRandom random{1};
  GroupOptions options;
  Caller caller;
  GroupTopics topics;
  MemoryMeta stored;
  MemoryMetaStore meta{executor, stored};
  ResourceConfigs configs{meta, group_config_kind(options)};
  ConsumerGroup group{executor, random, options, configs, "g"};
};

TEST_F(ConsumerGroupTest, TheFirstMemberGetsEverythingAtOnce) {
  EXPECT_EQ(group.state(), ConsumerGroupState::empty);
  ConsumerHeartbeatAnswer answer = join("a");
  EXPECT_TRUE(answer.fault.ok()) << answer.fault.message;
  EXPECT_EQ(answer.member_id, "a");
  EXPECT_EQ(answer.epoch, 1);
  EXPECT_EQ(answer.heartbeat_interval, seconds(5));
  EXPECT_EQ(answer.assignment, parts({0, 1, 2, 3}));
  EXPECT_EQ(group.state(), ConsumerGroupState::stable);
  EXPECT_EQ(send(beat("a", 1)).assignment, std::nullopt) << "nothing has changed";
}

TEST_F(ConsumerGroupTest, APartitionIsGivenOnlyAfterItsOwnerHasGivenItUp) {
  join("a");
  ConsumerHeartbeatAnswer newcomer = join("b");
  EXPECT_EQ(newcomer.epoch, 2);
  EXPECT_EQ(newcomer.assignment, PartitionSet()) << "all are still with a";
  EXPECT_EQ(group.state(), ConsumerGroupState::reconciling);

  ConsumerHeartbeatAnswer told = send(beat("a", 1, parts({0, 1, 2, 3})));
  EXPECT_EQ(told.epoch, 1) << "stays until it has given up two";
  ASSERT_EQ(told.assignment->size(), 2u);
  EXPECT_EQ(send(beat("b", 2)).assignment, std::nullopt) << "not given up yet";
  EXPECT_EQ(send(beat("a", 1, parts({0, 1, 2, 3}))).epoch, 1) << "still not";
  EXPECT_EQ(send(beat("a", 1)).epoch, 1) << "a heartbeat that does not say what it owns proves nothing";

  EXPECT_EQ(send(beat("a", 1, told.assignment)).epoch, 2);
  ConsumerHeartbeatAnswer given = send(beat("b", 2));
  ASSERT_TRUE(given.assignment.has_value());
  EXPECT_EQ(united(*told.assignment, *given.assignment), parts({0, 1, 2, 3}));
  EXPECT_TRUE(intersection(*told.assignment, *given.assignment).empty());
  EXPECT_EQ(group.state(), ConsumerGroupState::stable);
}

TEST_F(ConsumerGroupTest, NoPartitionIsEverWithTwoMembers) {
  std::map<std::string, std::pair<int32_t, PartitionSet>> clients;  // epoch, and what it reads
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  for (int step = 0; step < 4000; ++step) {
    const std::string& name = names[random.below(names.size())];
    auto client = clients.find(name);
    if (client == clients.end()) {
      ConsumerHeartbeatAnswer answer = join(name);
      ASSERT_TRUE(answer.fault.ok()) << answer.fault.message;
      clients[name] = {answer.epoch, *answer.assignment};
    } else if (random.below(10) == 0) {
      ASSERT_TRUE(send(beat(name, kLeaveEpoch)).fault.ok());
      clients.erase(client);
    } else {
      if (random.below(20) == 0) widen("t", 1 + static_cast<uint32_t>(random.below(12)));
      auto& [epoch, reads] = client->second;
      ConsumerHeartbeatAnswer answer = send(beat(name, epoch, reads), true);
      ASSERT_TRUE(answer.fault.ok()) << answer.fault.message;
      epoch = answer.epoch;
      if (answer.assignment) reads = *answer.assignment;  // gives up at once; says so the next time
    }
    std::set<TopicPartition> seen;
    for (const auto& [id, held] : clients) {
      for (const TopicPartition& partition : held.second) ASSERT_TRUE(seen.insert(partition).second) << "step " << step;
    }
  }
  // Left alone, everybody gets there.
  for (int round = 0; round < 5; ++round) {
    for (auto& [name, held] : clients) {
      ConsumerHeartbeatAnswer answer = send(beat(name, held.first, held.second), true);
      held.first = answer.epoch;
      if (answer.assignment) held.second = *answer.assignment;
    }
  }
  ASSERT_FALSE(clients.empty());
  EXPECT_EQ(group.state(), ConsumerGroupState::stable);
  size_t held = 0;
  for (const auto& [id, client] : clients) held += client.second.size();
  EXPECT_EQ(held, topics.topics.at(topic("t")).partitions);
}

TEST_F(ConsumerGroupTest, LeavingIsNoticedAtTheNextHeartbeat) {
  settle_two();
  EXPECT_TRUE(send(beat("b", kLeaveEpoch)).fault.ok());
  EXPECT_EQ(group.state(), ConsumerGroupState::assigning);
  EXPECT_EQ(send(beat("a", 2)).assignment, parts({0, 1, 2, 3}));
  EXPECT_EQ(member("a").epoch, 3);
}

TEST_F(ConsumerGroupTest, SilenceEndsTheSession) {
  settle_two();
  for (int i = 0; i < 12; ++i) {
    pass(seconds(5));
    send(beat("a", member("a").epoch, member("a").assigned));
  }
  EXPECT_EQ(group.members().size(), 1u);
  EXPECT_EQ(member("a").assigned, parts({0, 1, 2, 3}));
  EXPECT_EQ(error(beat("b", 2)), KafkaError::unknown_member_id);
}

TEST_F(ConsumerGroupTest, AGroupMayHaveTimesOfItsOwn) {
  std::vector<ConfigChange> changes{{ConfigOperation::set, std::string(kGroupSessionTimeout), "60000"},
                                    {ConfigOperation::set, std::string(kGroupHeartbeatInterval), "15000"}};
  ASSERT_TRUE(executor.run(configs.change("g", std::move(changes), false, false)).ok());
  EXPECT_EQ(join("a").heartbeat_interval, seconds(15));
  pass(seconds(59));
  EXPECT_EQ(group.members().size(), 1u);
  pass(seconds(2));
  EXPECT_TRUE(group.members().empty());
}

TEST_F(ConsumerGroupTest, WhoDoesNotGiveUpInTimeIsRemoved) {
  join("a");
  join("b");
  send(beat("a", 1, parts({0, 1, 2, 3})));
  for (int i = 0; i < 7; ++i) {
    pass(seconds(5));
    (void)send(beat("a", 1, parts({0, 1, 2, 3})));
    (void)send(beat("b", member("b").epoch));
  }
  EXPECT_FALSE(group.members().contains("a"));
  send(beat("b", member("b").epoch));
  EXPECT_EQ(member("b").assigned, parts({0, 1, 2, 3}));
}

TEST_F(ConsumerGroupTest, EpochsFence) {
  settle_two();
  EXPECT_EQ(error(beat("a", 3)), KafkaError::fenced_member_epoch);
  EXPECT_EQ(error(beat("a", 1)), KafkaError::fenced_member_epoch) << "does not say what it owns";
  EXPECT_EQ(error(beat("a", 1, parts({0, 1, 2, 3}))), KafkaError::fenced_member_epoch) << "owns what is another's";
  ConsumerHeartbeatAnswer lost = send(beat("a", 1, member("a").assigned));
  EXPECT_TRUE(lost.fault.ok()) << "the answer with epoch 2 was lost";
  EXPECT_EQ(lost.epoch, 2);
  EXPECT_TRUE(lost.assignment.has_value());
  EXPECT_EQ(error(beat("stranger", 2)), KafkaError::unknown_member_id);
  EXPECT_EQ(error(beat("stranger", kLeaveEpoch)), KafkaError::unknown_member_id);
}

TEST_F(ConsumerGroupTest, WhoJoinsAgainBeginsAnew) {
  settle_two();
  const PartitionSet had = member("a").assigned;
  ConsumerHeartbeatAnswer again = join("a");
  EXPECT_TRUE(again.fault.ok());
  EXPECT_EQ(again.epoch, 2) << "nothing else has changed";
  EXPECT_EQ(again.assignment, had);
}

TEST_F(ConsumerGroupTest, NewPartitionsAndDeletedTopicsMakeANewEpoch) {
  settle_two();
  widen("t", 6);
  send(beat("a", 2), true);
  EXPECT_EQ(group.epoch(), 3);
  send(beat("b", 2), true);
  EXPECT_EQ(united(member("a").assigned, member("b").assigned), parts({0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(group.epoch(), 3) << "the same topics are no change";
  topics = {};
  ConsumerHeartbeatAnswer told = send(beat("a", 3, member("a").assigned), true);
  EXPECT_EQ(told.assignment, PartitionSet());
  EXPECT_EQ(send(beat("a", 3, PartitionSet())).epoch, 4);
}

TEST_F(ConsumerGroupTest, ChangingTheSubscriptionMakesANewEpoch) {
  settle_two();
  widen("u", 2);
  ConsumerHeartbeat other = beat("b", 2, member("b").assigned);
  other.topic_names = {"u", "t"};
  send(other);
  EXPECT_EQ(group.epoch(), 3);
  for (int i = 0; i < 3; ++i) {
    for (const char* id : {"a", "b"}) send(beat(id, member(id).epoch, member(id).assigned));
  }
  EXPECT_EQ(group.state(), ConsumerGroupState::stable);
  EXPECT_EQ(member("a").assigned.size(), 3u);
  EXPECT_EQ(member("b").assigned.size(), 3u);
  EXPECT_TRUE(group.subscribed_to(topic("u")));
}

TEST_F(ConsumerGroupTest, APatternIsItsUsersOwn) {
  ConsumerHeartbeat request = join_request("a");
  request.topic_names = std::vector<std::string>();
  request.topic_pattern = "t.*";
  caller.principal.user = "alice";
  topics.by_name.clear();
  topics.by_pattern[{"t.*", "bob"}] = {topic("t")};
  EXPECT_EQ(send(request).assignment, PartitionSet());
  topics.by_pattern[{"t.*", "alice"}] = {topic("t")};
  EXPECT_EQ(send(beat("a", 1), true).assignment, parts({0, 1, 2, 3}));
  EXPECT_EQ(group.subscriptions().patterns.size(), 1u);
}

TEST_F(ConsumerGroupTest, AStaticMemberComesBackToItsPartitions) {
  join("a");
  ConsumerHeartbeat first = join_request("s1");
  first.instance_id = "s";
  send(first);
  const PartitionSet kept = *send(beat("a", 1, parts({0, 1, 2, 3}))).assignment;
  send(beat("a", 1, kept));
  ConsumerHeartbeat away = beat("s1", 2);
  away.instance_id = "s";
  const PartitionSet had = *send(away).assignment;
  ASSERT_EQ(had.size(), 2u);
  const int32_t epoch = group.epoch();

  ConsumerHeartbeat early = join_request("s2");
  early.instance_id = "s";
  EXPECT_EQ(error(early), KafkaError::unreleased_instance_id) << "its former self is still here";
  away.epoch = kLeaveForNowEpoch;
  EXPECT_EQ(send(away).epoch, kLeaveForNowEpoch);
  EXPECT_EQ(send(beat("a", member("a").epoch)).assignment, std::nullopt) << "its partitions wait for it";
  ConsumerHeartbeatAnswer back = send(early);
  EXPECT_TRUE(back.fault.ok()) << back.fault.message;
  EXPECT_EQ(back.assignment, had);
  EXPECT_EQ(group.epoch(), epoch) << "nobody else noticed";
  EXPECT_EQ(error(away), KafkaError::fenced_instance_id);
}

TEST_F(ConsumerGroupTest, AStaticMemberThatStaysAwayIsForgotten) {
  ConsumerHeartbeat request = join_request("s1");
  request.instance_id = "s";
  send(request);
  ConsumerHeartbeat away = beat("s1", kLeaveForNowEpoch);
  away.instance_id = "s";
  send(away);
  pass(seconds(44));
  EXPECT_EQ(group.members().size(), 1u);
  pass(seconds(2));
  EXPECT_EQ(group.state(), ConsumerGroupState::empty);
  EXPECT_FALSE(group.disposable());
  pass(std::chrono::minutes(10));
  EXPECT_TRUE(group.disposable());
}

TEST_F(ConsumerGroupTest, AnAdministratorRemovesMembers) {
  ConsumerHeartbeat request = join_request("s1");
  request.instance_id = "s";
  send(request);
  join("a");
  EXPECT_EQ(group.leave({"g", "", "other", -1}), KafkaError::unknown_member_id);
  EXPECT_EQ(group.leave({"g", "a", "s", -1}), KafkaError::fenced_instance_id);
  EXPECT_EQ(group.leave({"g", "", "s", -1}), KafkaError::none);
  EXPECT_EQ(group.leave({"g", "a", std::nullopt, -1}), KafkaError::none);
  EXPECT_TRUE(group.members().empty());
}

TEST_F(ConsumerGroupTest, CommitsAndFetchesAreTakenFromMembersAtTheirEpoch) {
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}, CommitKind::plain), KafkaError::none);
  join("a");
  using enum CommitKind;
  EXPECT_EQ(group.check_commit({"g", "a", std::nullopt, 1}, with_epochs), KafkaError::none);
  EXPECT_EQ(group.check_commit({"g", "a", std::nullopt, 1}, plain), KafkaError::unsupported_version);
  EXPECT_EQ(group.check_commit({"g", "a", std::nullopt, 0}, with_epochs), KafkaError::stale_member_epoch);
  EXPECT_EQ(group.check_commit({"g", "a", std::nullopt, 0}, transactional), KafkaError::illegal_generation);
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}, with_epochs), KafkaError::unknown_member_id);
  EXPECT_EQ(group.check_commit({"g", "", std::nullopt, -1}, transactional), KafkaError::none);
  EXPECT_EQ(group.check_fetch(std::nullopt, -1), KafkaError::none);
  EXPECT_EQ(group.check_fetch("a", 1), KafkaError::none);
  EXPECT_EQ(group.check_fetch("a", 2), KafkaError::stale_member_epoch);
  EXPECT_EQ(group.check_fetch("b", 1), KafkaError::unknown_member_id);
}

TEST_F(ConsumerGroupTest, MostMembersChooseTheAssignor) {
  EXPECT_EQ(group.assignor(), Assignor::uniform);
  for (const char* id : {"a", "b", "c"}) {
    ConsumerHeartbeat request = join_request(id);
    request.assignor = *id == 'a' ? "uniform" : "range";
    send(request);
  }
  EXPECT_EQ(group.assignor(), Assignor::range);
}

TEST_F(ConsumerGroupTest, TheGroupIsBounded) {
  options.members_max = 1;
  join("a");
  EXPECT_EQ(error(join_request("b")), KafkaError::group_max_size_reached);
  EXPECT_TRUE(join("a").fault.ok());
}

}  // namespace
}  // namespace distributary
