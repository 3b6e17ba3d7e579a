#include "broker/broker_harness.h"

namespace distributary {
namespace {

class TopicAdminTest : public testing::Test, protected BrokerHarness {
 protected:
  TopicDescription describe(std::string_view name, bool auto_create = false) {
    return run(broker->topics().describe({{name, {}}}, auto_create, caller, {}))[0];
  }
  TopicDescription create_one(NewTopic topic, bool validate_only = false) {
    std::vector<NewTopic> topics{std::move(topic)};
    return run(broker->topics().create(topics, validate_only, caller, {}))[0];
  }
};

TEST_F(TopicAdminTest, CreatedTopicIsDescribedByNameAndById) {
  TopicUuid id = create("clicks", 3);
  TopicDescription by_name = describe("clicks");
  EXPECT_TRUE(by_name.fault.ok());
  EXPECT_EQ(by_name.id, id);
  EXPECT_EQ(by_name.partitions, 3u);
  TopicDescription by_id = run(broker->topics().describe({{"", id}}, false, caller, {}))[0];
  EXPECT_EQ(by_id.name, "clicks");
  EXPECT_EQ(describe("/main:clicks").id, id);
  EXPECT_EQ(describe("/mapr/here/main:clicks").id, id);
}

TEST_F(TopicAdminTest, UnknownTopicsSayHowTheyAreUnknown) {
  EXPECT_EQ(describe("nothing").fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(describe("/no/such/stream:t").fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(describe("bad name").fault.error, KafkaError::invalid_topic_exception);
  EXPECT_EQ(describe("/mapr/elsewhere/s:t").fault.error, KafkaError::invalid_topic_exception);
  TopicReference unknown{"", Uuid::from_random({1})};
  EXPECT_EQ(run(broker->topics().describe({unknown}, false, caller, {}))[0].fault.error, KafkaError::unknown_topic_id);
}

TEST_F(TopicAdminTest, TopicsAreCreatedOnUseWhereTheStreamAllowsIt) {
  StreamSettings settings = StreamSettings::for_creator("root");
  settings.default_partitions = 4;
  create_stream("/wide", settings);
  settings.autocreate = false;
  create_stream("/strict", settings);
  EXPECT_EQ(describe("/wide:t", true).partitions, 4u);
  EXPECT_EQ(describe("/wide:u", false).fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(describe("/strict:t", true).fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(describe("/strict:bad name", true).fault.error, KafkaError::invalid_topic_exception);
}

TEST_F(TopicAdminTest, AStreamWithUpstreamsCreatesNothingOnUse) {
  must(run(catalog->add_upstream("/main", {.cluster = "there", .path = "/main", .uuid = Uuid::from_random({9})})));
  EXPECT_EQ(describe("t", true).fault.error, KafkaError::unknown_topic_or_partition);
}

TEST_F(TopicAdminTest, AllTopicsAreListedUnderTheirNames) {
  create_stream("/other");
  create("short");
  create("/other:full");
  std::vector<TopicDescription> all = run(broker->topics().describe_all(caller, {}));
  std::vector<std::string> listed;
  for (const TopicDescription& topic : all) listed.push_back(topic.name);
  std::ranges::sort(listed);
  EXPECT_EQ(listed, (std::vector<std::string>{"/other:full", "short"}));
}

TEST_F(TopicAdminTest, TopicsSurviveARestart) {
  TopicUuid id = create("clicks", 2);
  restart();
  EXPECT_EQ(describe("clicks").id, id);
  EXPECT_EQ(run(broker->topics().describe({{"", id}}, false, caller, {}))[0].partitions, 2u);
}

TEST_F(TopicAdminTest, CreationIsChecked) {
  create("there");
  EXPECT_EQ(create_one({.name = "there"}).fault.error, KafkaError::topic_already_exists);
  EXPECT_EQ(create_one({.name = "zero", .partitions = 0}).fault.error, KafkaError::invalid_partitions);
  EXPECT_EQ(create_one({.name = "many", .partitions = 100'001}).fault.error, KafkaError::invalid_partitions);
  EXPECT_EQ(create_one({.name = "three", .replication_factor = 3}).fault.error, KafkaError::invalid_replication_factor);
  EXPECT_EQ(create_one({.name = "a b"}).fault.error, KafkaError::invalid_topic_exception);
  EXPECT_EQ(create_one({.name = "a", .assignments = {{0, {2}}}}).fault.error, KafkaError::invalid_replica_assignment);
  EXPECT_EQ(create_one({.name = "a", .assignments = {{1, {1}}}}).fault.error, KafkaError::invalid_replica_assignment);
  EXPECT_EQ(create_one({.name = "a", .partitions = 1, .assignments = {{0, {1}}}}).fault.error,
            KafkaError::invalid_request);
  EXPECT_EQ(create_one({.name = "assigned", .assignments = {{0, {1}}, {1, {1}}}}).partitions, 2u);
}

TEST_F(TopicAdminTest, NamesGivenTwiceAreRefused) {
  std::vector<NewTopic> topics{{.name = "a"}, {.name = "a"}, {.name = "b"}};
  std::vector<TopicDescription> made = run(broker->topics().create(topics, false, caller, {}));
  EXPECT_EQ(made[0].fault.error, KafkaError::invalid_request);
  EXPECT_EQ(made[1].fault.error, KafkaError::invalid_request);
  EXPECT_TRUE(made[2].fault.ok());
}

TEST_F(TopicAdminTest, ValidationCreatesNothing) {
  EXPECT_TRUE(create_one({.name = "t", .partitions = 2}, true).fault.ok());
  EXPECT_EQ(describe("t").fault.error, KafkaError::unknown_topic_or_partition);
}

TEST_F(TopicAdminTest, DeletedTopicIsGoneAndItsNameFree) {
  TopicUuid first = create("t");
  std::vector<TopicDescription> deleted = run(broker->topics().remove({{"t", {}}, {"unknown", {}}}, caller, {}));
  EXPECT_TRUE(deleted[0].fault.ok());
  EXPECT_EQ(deleted[0].id, first);
  EXPECT_EQ(deleted[1].fault.error, KafkaError::unknown_topic_or_partition);
  EXPECT_EQ(describe("t").fault.error, KafkaError::unknown_topic_or_partition);
  TopicUuid second = create("t");
  EXPECT_NE(first, second);
  deleted = run(broker->topics().remove({{"", second}, {"", first}}, caller, {}));
  EXPECT_EQ(deleted[0].name, "t");
  EXPECT_EQ(deleted[1].fault.error, KafkaError::unknown_topic_id);
}

TEST_F(TopicAdminTest, TopicsGrowButDoNotShrink) {
  create("t", 2);
  auto widen = [this](int32_t count, bool validate_only = false) {
    std::vector<TopicAdmin::Widening> topics{{{"t", {}}, count, std::nullopt}};
    return run(broker->topics().widen(topics, validate_only, caller, {}))[0].fault.error;
  };
  EXPECT_EQ(widen(2), KafkaError::invalid_partitions);
  EXPECT_EQ(widen(5, true), KafkaError::none);
  EXPECT_EQ(describe("t").partitions, 2u);
  EXPECT_EQ(widen(5), KafkaError::none);
  EXPECT_EQ(describe("t").partitions, 5u);
  std::vector<TopicAdmin::Widening> wrong{{{"t", {}}, 7, {{{1}}}}};
  EXPECT_EQ(run(broker->topics().widen(wrong, false, caller, {}))[0].fault.error,
            KafkaError::invalid_replica_assignment);
}

TEST_F(TopicAdminTest, PermissionsOfTheStreamDecide) {
  Broker guarded(*world, *catalog, permissions, broker->options(), 1);
  Caller stranger{.principal = {.user = "eve"}, .action = StreamAction::change_topics};
  Caller owner{.principal = {.user = "root"}, .action = StreamAction::change_topics};
  std::vector<NewTopic> topics{{.name = "t"}};
  EXPECT_EQ(run(guarded.topics().create(topics, false, stranger, {}))[0].fault.error,
            KafkaError::topic_authorization_failed);
  EXPECT_EQ(run(guarded.topics().create(topics, false, owner, {}))[0].fault.error, KafkaError::none);
  stranger.action = StreamAction::read_topics;
  EXPECT_EQ(run(guarded.topics().describe({{"t", {}}}, true, stranger, {}))[0].fault.error,
            KafkaError::topic_authorization_failed);
  EXPECT_TRUE(run(guarded.topics().describe_all(stranger, {})).empty());
  run(guarded.stop());
}

}  // namespace
}  // namespace distributary
