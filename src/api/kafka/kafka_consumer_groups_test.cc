// The APIs of consumer groups whose assignments the broker makes, in every version, and those that show them.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/consumer_group_describe.h"
#include "wire/kafka/consumer_group_heartbeat.h"
#include "wire/kafka/consumer_protocol.h"
#include "wire/kafka/describe_groups.h"
#include "wire/kafka/join_group.h"
#include "wire/kafka/leave_group.h"
#include "wire/kafka/list_groups.h"
#include "wire/kafka/offset_commit.h"
#include "wire/kafka/offset_delete.h"
#include "wire/kafka/offset_fetch.h"

namespace distributary {
namespace {

using kafka::ErrorCode;

class KafkaConsumerGroupsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaConsumerGroupsTest() : id(create("t", 2)), client(connect()) {}
  static kafka::ConsumerGroupHeartbeatRequest join_request(const std::string& group, const std::string& member) {
    kafka::ConsumerGroupHeartbeatRequest request;
    request.group_id = group;
    request.member_id = member;
    request.rebalance_timeout_ms = 30'000;
    request.subscribed_topic_names = std::vector<std::string>{"t"};
    request.topic_partitions = std::vector<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions>();
    return request;
  }
  kafka::ConsumerGroupHeartbeatResponse beat(const kafka::ConsumerGroupHeartbeatRequest& request, int16_t version = 1) {
    return client.call<kafka::ConsumerGroupHeartbeatResponse>(request, version);
  }
  ErrorCode commit(const std::string& group, const std::string& member, int32_t epoch, int16_t version) {
    kafka::OffsetCommitRequest request;
    request.group_id = group;
    request.member_id = member;
    request.generation_id_or_member_epoch = epoch;
    request.topics = {{version < 10 ? "t" : "", version < 10 ? Uuid() : id, {{0, 5, 0, "note"}}}};
    auto response = client.call<kafka::OffsetCommitResponse>(request, version);
    return response.topics.at(0).partitions.at(0).error_code;
  }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaConsumerGroupsTest, HeartbeatInEveryVersion) {
  for (int16_t version = 0; version <= 1; ++version) {
    const std::string group = "g" + std::to_string(version);
    auto request = join_request(group, version == 0 ? "" : "m");
    auto joined = beat(request, version);
    EXPECT_EQ(joined.error_code, ErrorCode::none) << joined.error_message.value_or("");
    ASSERT_TRUE(joined.member_id.has_value());
    EXPECT_FALSE(joined.member_id->empty());
    EXPECT_EQ(joined.member_epoch, 1);
    EXPECT_EQ(joined.heartbeat_interval_ms, 5000);
    ASSERT_TRUE(joined.assignment.has_value());
    ASSERT_EQ(joined.assignment->topic_partitions.size(), 1u);
    EXPECT_EQ(joined.assignment->topic_partitions[0].topic_id, id);
    EXPECT_EQ(joined.assignment->topic_partitions[0].partitions, (std::vector<int32_t>{0, 1}));

    kafka::ConsumerGroupHeartbeatRequest alive;
    alive.group_id = group;
    alive.member_id = *joined.member_id;
    alive.member_epoch = 1;
    alive.topic_partitions = {{{id, {0, 1}}}};
    auto stays = beat(alive, version);
    EXPECT_EQ(stays.error_code, ErrorCode::none);
    EXPECT_FALSE(stays.assignment.has_value());
    alive.member_epoch = 9;
    EXPECT_EQ(beat(alive, version).error_code, ErrorCode::fenced_member_epoch);
    alive.member_epoch = -1;
    auto left = beat(alive, version);
    EXPECT_EQ(left.error_code, ErrorCode::none);
    EXPECT_EQ(left.member_epoch, -1);
  }
  auto unnamed = join_request("g", "");
  EXPECT_EQ(beat(unnamed).error_code, ErrorCode::invalid_request);
  auto by_pattern = join_request("p", "m");
  by_pattern.subscribed_topic_names = std::nullopt;
  by_pattern.subscribed_topic_regex = "t+";
  EXPECT_EQ(beat(by_pattern).assignment->topic_partitions.at(0).topic_id, id);
  by_pattern.subscribed_topic_regex = "t(";
  EXPECT_EQ(beat(by_pattern).error_code, ErrorCode::invalid_regular_expression);
}

TEST_F(KafkaConsumerGroupsTest, DescribeInEveryVersion) {
  auto request = join_request("g", "m");
  request.instance_id = "i";
  beat(request);
  for (int16_t version = 0; version <= 1; ++version) {
    kafka::ConsumerGroupDescribeRequest asked{{"g", "none"}, true};
    auto response = client.call<kafka::ConsumerGroupDescribeResponse>(asked, version);
    ASSERT_EQ(response.groups.size(), 2u);
    const auto& group = response.groups[0];
    EXPECT_EQ(group.group_state, "Stable");
    EXPECT_EQ(group.assignor_name, "uniform");
    EXPECT_NE(group.authorized_operations, INT32_MIN);
    ASSERT_EQ(group.members.size(), 1u);
    EXPECT_EQ(group.members[0].client_id, "tester");
    EXPECT_EQ(group.members[0].instance_id, "i");
    EXPECT_EQ(group.members[0].subscribed_topic_names, std::vector<std::string>{"t"});
    EXPECT_EQ(group.members[0].assignment.topic_partitions.at(0).topic_name, "t");
    EXPECT_EQ(group.members[0].target_assignment.topic_partitions.at(0).partitions.size(), 2u);
    EXPECT_EQ(group.members[0].member_type, version == 0 ? -1 : 1);
    EXPECT_EQ(response.groups[1].error_code, ErrorCode::group_id_not_found);
  }
}

TEST_F(KafkaConsumerGroupsTest, OtherRequestsShowWhichProtocolAGroupSpeaks) {
  beat(join_request("g", "m"));
  kafka::ListGroupsRequest list;
  list.types_filter = {"Consumer"};
  auto listed = client.call<kafka::ListGroupsResponse>(list, 5);
  ASSERT_EQ(listed.groups.size(), 1u);
  EXPECT_EQ(listed.groups[0].group_type, "consumer");
  EXPECT_EQ(listed.groups[0].protocol_type, "consumer");
  list.types_filter = {"classic"};
  EXPECT_TRUE(client.call<kafka::ListGroupsResponse>(list, 5).groups.empty());
  kafka::DescribeGroupsRequest describe{{"g"}, false};
  EXPECT_EQ(client.call<kafka::DescribeGroupsResponse>(describe, 5).groups.at(0).group_state, "Dead");
  auto described = client.call<kafka::DescribeGroupsResponse>(describe, 6);
  EXPECT_EQ(described.groups.at(0).error_code, ErrorCode::group_id_not_found);
  kafka::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members = {{"m", std::nullopt, std::nullopt}};
  EXPECT_EQ(client.call<kafka::LeaveGroupResponse>(leave, 5).members.at(0).error_code, ErrorCode::none);
}

TEST_F(KafkaConsumerGroupsTest, CommitsAndFetchesNameTheMemberEpoch) {
  beat(join_request("g", "m"));
  EXPECT_EQ(commit("g", "m", 1, 8), ErrorCode::unsupported_version);
  for (int16_t version = 9; version <= 10; ++version) {
    EXPECT_EQ(commit("g", "m", 1, version), ErrorCode::none);
    EXPECT_EQ(commit("g", "m", 0, version), ErrorCode::stale_member_epoch);
    EXPECT_EQ(commit("g", "n", 1, version), ErrorCode::unknown_member_id);
    EXPECT_EQ(commit("g", "", -1, version), ErrorCode::unknown_member_id);
    kafka::OffsetFetchRequest request;
    request.groups = {{"g", "m", 1, {{{version < 10 ? "t" : "", version < 10 ? Uuid() : id, {0}}}}},
                      {"g", "m", 2, std::nullopt},
                      {"g", std::nullopt, -1, std::nullopt}};
    auto response = client.call<kafka::OffsetFetchResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 3u);
    EXPECT_EQ(response.groups[0].topics.at(0).partitions.at(0).committed_offset, 5);
    EXPECT_EQ(response.groups[1].error_code, ErrorCode::stale_member_epoch);
    EXPECT_TRUE(response.groups[1].topics.empty());
    EXPECT_EQ(response.groups[2].topics.size(), 1u);
  }
}

TEST_F(KafkaConsumerGroupsTest, OffsetDelete) {
  commit("idle", "", -1, 9);
  kafka::OffsetDeleteRequest request{"idle", {{"t", {{0}, {7}}}, {"none", {{0}}}}};
  auto response = client.call<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.error_code, ErrorCode::none);
  ASSERT_EQ(response.topics.size(), 2u);
  EXPECT_EQ(response.topics[0].partitions.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(response.topics[0].partitions.at(1).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(response.topics[1].partitions.at(0).error_code, ErrorCode::unknown_topic_or_partition);
  response = client.call<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.error_code, ErrorCode::group_id_not_found) << "that was its only position";
}

// What a member of the classic protocol subscribes to is in its metadata.
TEST_F(KafkaConsumerGroupsTest, OffsetDeleteReadsClassicSubscriptions) {
  create("u");
  kafka::ConsumerProtocolSubscription subscription;
  subscription.topics = {"t"};
  kafka::JoinGroupRequest join;
  join.group_id = "classic";
  join.session_timeout_ms = join.rebalance_timeout_ms = 10'000;
  join.protocol_type = "consumer";
  join.protocols = {{"range", must(kafka::encode_subscription(subscription, 1))}};
  EXPECT_EQ(client.call<kafka::JoinGroupResponse>(join, 3).error_code, ErrorCode::none);
  kafka::OffsetDeleteRequest request{"classic", {{"t", {{0}}}, {"u", {{0}}}}};
  auto response = client.call<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, ErrorCode::group_subscribed_to_topic);
  EXPECT_EQ(response.topics.at(1).partitions.at(0).error_code, ErrorCode::none);
}

}  // namespace
}  // namespace distributary
