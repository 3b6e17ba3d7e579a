// Groups of the new protocol in a broker: topics that come and go, the other protocol, permissions, restarts.
#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ConsumerGroupsTest : public testing::Test, protected BrokerHarness {
 protected:
  struct Client {
    std::string id;
    int32_t epoch = kJoinEpoch;
    PartitionSet reads;
  };
  ConsumerHeartbeat join_request(const std::string& member, std::vector<std::string> names) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = member;
    request.rebalance_timeout = seconds(30);
    request.topic_names = std::move(names);
    request.owned = PartitionSet();
    return request;
  }
  ConsumerHeartbeatAnswer send(const ConsumerHeartbeat& request) {
    return run(broker->groups().consumer_heartbeat(request, caller));
  }
  ConsumerHeartbeatAnswer beat(Client& client) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = client.id;
    request.epoch = client.epoch;
    request.owned = client.reads;
    ConsumerHeartbeatAnswer answer = send(request);
    client.epoch = answer.epoch;
    if (answer.assignment) client.reads = *answer.assignment;
    return answer;
  }
  Client join(const std::string& member, std::vector<std::string> names) {
    ConsumerHeartbeatAnswer answer = send(join_request(member, std::move(names)));
    EXPECT_TRUE(answer.fault.ok()) << answer.fault.message;
    return {member, answer.epoch, answer.assignment.value_or(PartitionSet())};
  }
  Client join_pattern(const std::string& member, const std::string& pattern) {
    ConsumerHeartbeat request = join_request(member, {});
    request.topic_pattern = pattern;
    ConsumerHeartbeatAnswer answer = send(request);
    EXPECT_TRUE(answer.fault.ok()) << answer.fault.message;
    return {member, answer.epoch, answer.assignment.value_or(PartitionSet())};
  }
  KafkaError leave(const Client& client, int32_t epoch = kLeaveEpoch) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = client.id;
    request.epoch = epoch;
    return send(request).fault.error;
  }
  KafkaError refused(const ConsumerHeartbeat& request) { return send(request).fault.error; }
  JoinRequest classic_request() {
    JoinRequest request;
    request.group = "g";
    request.caller.client_id = "c";
    request.session_timeout = request.rebalance_timeout = seconds(10);
    request.protocol_type = "consumer";
    request.protocols = {{"range", Bytes::copy(as_bytes("m"))}};
    return request;
  }
  JoinAnswer classic_join() { return must(run(broker->groups().join(classic_request(), {}))); }
  Fault commit(const std::string& topic, Offset offset) {
    std::vector<CursorCommitTopic> topics{{{topic, {}}, {{0, offset, -1, ""}}}};
    return run(broker->cursors().commit("g", topics, caller, {}))[0][0];
  }
  Offset position(const std::string& topic) {
    std::vector<CursorQueryTopic> topics{{{topic, {}}, {0}}};
    return run(broker->cursors().find("g", topics, caller, {}))[0].partitions[0].offset;
  }
  void look_later() { sim.executor().run_for(milliseconds(1100)); }
};

TEST_F(ConsumerGroupsTest, ATopicThatIsCreatedLaterIsFound) {
  create("t", 2);
  Client a = join("a", {"t", "later"});
  EXPECT_EQ(a.reads.size(), 2u);
  create("later", 3);
  look_later();
  beat(a);
  EXPECT_EQ(a.reads.size(), 5u);
  EXPECT_EQ(a.epoch, 2);
}

TEST_F(ConsumerGroupsTest, NewPartitionsAreFoundAndDeletedTopicsGivenUp) {
  create("t", 2);
  Client a = join("a", {"t"});
  std::vector<TopicAdmin::Widening> wider{{TopicReference{"t", {}}, 5, std::nullopt}};
  ASSERT_TRUE(run(broker->topics().widen(wider, false, caller, {}))[0].fault.ok());
  look_later();
  beat(a);
  EXPECT_EQ(a.reads.size(), 5u);
  std::vector<TopicReference> gone{TopicReference{"t", {}}};
  ASSERT_TRUE(run(broker->topics().remove(gone, caller, {}))[0].fault.ok());
  look_later();
  beat(a);
  EXPECT_TRUE(a.reads.empty());
}

TEST_F(ConsumerGroupsTest, PatternsFindTopicsOfEveryStream) {
  create_stream("/other");
  create("clicks", 1);
  create("/other:clicks", 2);
  create("orders", 4);
  Client a = join_pattern("a", "(/other:)?clicks.*");
  EXPECT_EQ(a.reads.size(), 3u);
  create("clicks2", 1);
  look_later();
  beat(a);
  EXPECT_EQ(a.reads.size(), 4u);
  ConsumerHeartbeat bad = join_request("b", {});
  bad.topic_pattern = "(";
  EXPECT_EQ(refused(bad), KafkaError::invalid_regular_expression);
}

TEST_F(ConsumerGroupsTest, MembersThatSubscribeAtTheSameTimeAllGetTheirTopics) {
  create("t", 2);
  create("u", 2);
  ConsumerHeartbeat requests[] = {join_request("a", {"t"}), join_request("b", {"u"})};
  std::vector<ConsumerHeartbeatAnswer> answers(2);
  struct Run {
    static Task<void> beat(GroupCoordinator& groups, const ConsumerHeartbeat& request, const Caller& caller,
                           ConsumerHeartbeatAnswer& out) {
      out = co_await groups.consumer_heartbeat(request, caller);
    }
  };
  TaskScope scope(sim.executor());
  for (size_t i = 0; i < 2; ++i) scope.spawn(Run::beat(broker->groups(), requests[i], caller, answers[i]));
  run(scope.join());
  look_later();
  size_t held = 0;
  for (const ConsumerHeartbeatAnswer& answer : answers) {
    Client client{answer.member_id, answer.epoch, answer.assignment.value_or(PartitionSet())};
    beat(client);
    held += client.reads.size();
  }
  EXPECT_EQ(held, 4u);
}

TEST_F(ConsumerGroupsTest, RequestsAreChecked) {
  create("t");
  ConsumerHeartbeat good = join_request("a", {"t"});
  auto with = [&good](auto change) {
    ConsumerHeartbeat request = good;
    change(request);
    return request;
  };
  const auto invalid = KafkaError::invalid_request;
  EXPECT_EQ(refused(with([](auto& r) { r.group.clear(); })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.member_id.clear(); })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.epoch = -3; })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.epoch = kLeaveForNowEpoch; })), invalid) << "not a static member";
  EXPECT_EQ(refused(with([](auto& r) { r.instance_id = ""; })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.rack_id = ""; })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.rebalance_timeout.reset(); })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.topic_names.reset(); })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.owned.reset(); })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.owned = PartitionSet{{}}; })), invalid);
  EXPECT_EQ(refused(with([](auto& r) { r.assignor = "sticky"; })), KafkaError::unsupported_assignor);
  EXPECT_EQ(broker->groups().group_count(), 0u);
  ConsumerHeartbeat old = with([](auto& r) { r.member_id.clear(); });
  old.makes_member_ids = false;
  EXPECT_FALSE(send(old).member_id.empty()) << "version 0 gets an id from here";
}

TEST_F(ConsumerGroupsTest, AGroupWithoutMembersMaySpeakTheOtherProtocol) {
  create("t");
  Client a = join("a", {"t"});
  EXPECT_EQ(classic_join().error, KafkaError::inconsistent_group_protocol) << "its subscription cannot be read";
  EXPECT_EQ(leave(a), KafkaError::none);
  JoinAnswer classic = classic_join();
  EXPECT_EQ(classic.error, KafkaError::none);
  EXPECT_EQ(refused(join_request("a", {"t"})), KafkaError::group_id_not_found);
  EXPECT_EQ(broker->groups().leave({"g", classic.member_id, std::nullopt, -1}), KafkaError::none);
  EXPECT_EQ(join("a", {"t"}).reads.size(), 1u);
  EXPECT_EQ(broker->groups().leave({"g", "a", std::nullopt, -1}), KafkaError::none) << "an administrator may";
}

TEST_F(ConsumerGroupsTest, ListedAndDescribed) {
  create("t", 2);
  ConsumerHeartbeat request = join_request("a", {"t"});
  request.instance_id = "i";
  request.rack_id = "r";
  send(request);
  std::vector<GroupSummary> listed = run(broker->groups().list(caller));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].type, "consumer");
  EXPECT_EQ(listed[0].state, "Stable");
  auto described = run(broker->groups().describe_consumer_groups({"g", "none"}, caller));
  EXPECT_EQ(described[1].fault.error, KafkaError::group_id_not_found);
  const ConsumerGroupDescription& group = described[0];
  EXPECT_EQ(group.state, "Stable");
  EXPECT_EQ(group.epoch, 1);
  EXPECT_EQ(group.assignment_epoch, 1);
  EXPECT_EQ(group.assignor, "uniform");
  ASSERT_EQ(group.members.size(), 1u);
  EXPECT_EQ(group.members[0].instance_id, "i");
  EXPECT_EQ(group.members[0].topic_names, std::vector<std::string>{"t"});
  ASSERT_EQ(group.members[0].assigned.size(), 1u);
  EXPECT_EQ(group.members[0].assigned[0].topic_name, "t");
  EXPECT_EQ(group.members[0].assigned[0].partitions, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(run(broker->groups().describe({"g"}, caller))[0].fault.error, KafkaError::group_id_not_found);
}

TEST_F(ConsumerGroupsTest, AfterARestartMembersAndPositionsAreThere) {
  create("t", 2);
  Client a = join("a", {"t"});
  EXPECT_EQ(broker->groups().check_commit({"g", "a", std::nullopt, 1}, CommitKind::with_epochs), KafkaError::none);
  EXPECT_TRUE(commit("t", 7).ok());
  restart();
  EXPECT_EQ(broker->groups().check_commit({"g", "a", std::nullopt, 1}, CommitKind::with_epochs), KafkaError::none);
  EXPECT_TRUE(beat(a).fault.ok());
  EXPECT_EQ(a.reads.size(), 2u);
  EXPECT_EQ(position("t"), 7);
}

TEST_F(ConsumerGroupsTest, MembersOfAGroupThatWasNotKeptJoinAgain) {
  create("t", 2);
  Client a = join("a", {"t"});
  EXPECT_TRUE(commit("t", 7).ok());
  meta.entries.erase("group/g");
  restart();
  EXPECT_EQ(broker->groups().check_commit({"g", "a", std::nullopt, 1}, CommitKind::with_epochs),
            KafkaError::unknown_member_id);
  EXPECT_EQ(beat(a).fault.error, KafkaError::unknown_member_id);
  EXPECT_EQ(join("a", {"t"}).reads.size(), 2u);
  EXPECT_EQ(position("t"), 7);
}

TEST_F(ConsumerGroupsTest, PositionsOfSubscribedTopicsAreNotDeleted) {
  create("t");
  create("u");
  commit("t", 1);
  commit("u", 2);
  Client a = join("a", {"t"});
  std::vector<CursorQueryTopic> topics{{{"t", {}}, {0}}, {{"u", {}}, {0, 9}}, {{"none", {}}, {0}}};
  auto remove = [&](std::string group) { return run(broker->cursors().remove(std::move(group), topics, caller, {})); };
  Cursors::Removed removed = remove("g");
  EXPECT_TRUE(removed.fault.ok());
  EXPECT_EQ(removed.partitions[0][0].error, KafkaError::group_subscribed_to_topic);
  EXPECT_EQ(removed.partitions[1][0].error, KafkaError::none);
  EXPECT_EQ(removed.partitions[1][1].error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(removed.partitions[2][0].error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(position("t"), 1);
  EXPECT_EQ(position("u"), -1);
  EXPECT_EQ(remove("never").fault.error, KafkaError::group_id_not_found);
  leave(a);
  EXPECT_TRUE(remove("g").partitions[0][0].ok());
  EXPECT_EQ(position("t"), -1);
}

TEST_F(ConsumerGroupsTest, SubscriptionsOfTheClassicProtocolCountToo) {
  create("t");
  create("u");
  JoinRequest request = classic_request();
  request.topic_names = {"/main:t"};
  must(run(broker->groups().join(std::move(request), {})));
  commit("t", 1);
  std::vector<CursorQueryTopic> topics{{{"t", {}}, {0}}, {{"u", {}}, {0}}};
  Cursors::Removed removed = run(broker->cursors().remove("g", topics, caller, {}));
  EXPECT_EQ(removed.partitions[0][0].error, KafkaError::group_subscribed_to_topic) << "the same topic by its full name";
  EXPECT_TRUE(removed.partitions[1][0].ok());
}

TEST_F(ConsumerGroupsTest, MembersOfAnotherKindOfGroupKeepItsPositions) {
  create("t");
  JoinRequest request = classic_request();
  request.protocol_type = "connect";
  must(run(broker->groups().join(std::move(request), {})));
  std::vector<CursorQueryTopic> topics{{{"t", {}}, {0}}};
  EXPECT_EQ(run(broker->cursors().remove("g", topics, caller, {})).fault.error, KafkaError::non_empty_group);
}

TEST_F(ConsumerGroupsTest, AnEmptyGroupIsDeleted) {
  create("t");
  Client a = join("a", {"t"});
  commit("t", 1);
  EXPECT_EQ(run(broker->groups().remove({"g"}, caller, {}))[0].error, KafkaError::non_empty_group);
  leave(a);
  EXPECT_EQ(run(broker->groups().list(caller)).size(), 1u);
  EXPECT_TRUE(run(broker->groups().remove({"g"}, caller, {}))[0].ok());
  EXPECT_TRUE(run(broker->groups().list(caller)).empty());
  EXPECT_EQ(position("t"), -1);
}

class ConsumerGroupsPermissionsTest : public ConsumerGroupsTest {
 protected:
  ConsumerGroupsPermissionsTest() {
    BrokerOptions options = broker->options();
    stop();
    world = &sim.start("node");
    store = std::make_unique<MemoryLogStore>(world->executor, logs);
    meta_store = std::make_unique<MemoryMetaStore>(world->executor, meta);
    catalog = std::make_unique<Catalog>(*world, *store, *meta_store, cache, Catalog::Options{});
    must(run(catalog->open()));
    broker = std::make_unique<Broker>(*world, *catalog, permissions, std::move(options), 1);
  }
};

TEST_F(ConsumerGroupsPermissionsTest, NobodySubscribesToWhatHeMayNotSee) {
  caller.action = StreamAction::change_topics;
  create("t", 2);
  caller.action = StreamAction::read_topics;
  Client root = join("a", {"t"});
  EXPECT_EQ(root.reads.size(), 2u);
  caller.principal.user = "stranger";
  EXPECT_EQ(refused(join_request("b", {"t"})), KafkaError::topic_authorization_failed);
  EXPECT_TRUE(join_pattern("c", ".*").reads.empty());
  auto described = run(broker->groups().describe_consumer_groups({"g"}, caller));
  EXPECT_EQ(described[0].fault.error, KafkaError::topic_authorization_failed);
  EXPECT_TRUE(described[0].members.empty());
}

}  // namespace
}  // namespace distributary
