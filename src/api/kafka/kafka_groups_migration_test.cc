// A group whose consumers speak both protocols, as they see it: in the versions that clients of all times use.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/consumer_group_describe.h"
#include "wire/kafka/consumer_group_heartbeat.h"
#include "wire/kafka/consumer_protocol.h"
#include "wire/kafka/heartbeat.h"
#include "wire/kafka/join_group.h"
#include "wire/kafka/leave_group.h"
#include "wire/kafka/offset_commit.h"
#include "wire/kafka/sync_group.h"

namespace distributary {
namespace {

using kafka::ErrorCode;
using Partitions = std::vector<int32_t>;

class KafkaGroupsMigrationTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaGroupsMigrationTest() : id(create("t", 4)), client(connect()) {}

  kafka::JoinGroupResponse join_once(const std::string& member, const Partitions& owned, int16_t version) {
    kafka::ConsumerProtocolSubscription subscription;
    subscription.topics = {"t"};
    if (!owned.empty()) subscription.owned_partitions = {{"t", owned}};
    kafka::JoinGroupRequest request;
    request.group_id = "g";
    request.member_id = member;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.protocol_type = "consumer";
    const int16_t subscription_version = version < 5 ? 0 : 3;
    request.protocols = {{"range", must(kafka::encode_subscription(subscription, subscription_version))}};
    return client.call<kafka::JoinGroupResponse>(request, version);
  }
  kafka::JoinGroupResponse join(const std::string& member, const Partitions& owned, int16_t version) {
    auto response = join_once(member, owned, version);
    if (response.error_code != ErrorCode::member_id_required) return response;
    return join_once(response.member_id, owned, version);
  }
  kafka::SyncGroupResponse sync(const kafka::JoinGroupResponse& joined, int16_t version, const Bytes& plan = Bytes()) {
    kafka::SyncGroupRequest request;
    request.group_id = "g";
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    if (version >= 5) {
      request.protocol_type = joined.protocol_type;
      request.protocol_name = joined.protocol_name;
    }
    if (!plan.empty()) request.assignments = {{joined.member_id, plan}};
    return client.call<kafka::SyncGroupResponse>(request, version);
  }
  static Partitions read(const Bytes& assignment) {
    auto decoded = must(kafka::decode_assignment(assignment));
    Partitions out;
    for (const auto& topic : decoded.assigned_partitions) {
      EXPECT_EQ(topic.topic, "t");
      out.insert(out.end(), topic.partitions.begin(), topic.partitions.end());
    }
    return out;
  }
  ErrorCode beat(const kafka::JoinGroupResponse& joined) {
    kafka::HeartbeatRequest request;
    request.group_id = "g";
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    return client.call<kafka::HeartbeatResponse>(request, 4).error_code;
  }
  ErrorCode commit(const kafka::JoinGroupResponse& joined, int16_t version) {
    kafka::OffsetCommitRequest request;
    request.group_id = "g";
    request.member_id = joined.member_id;
    request.generation_id_or_member_epoch = joined.generation_id;
    request.topics = {{version < 10 ? "t" : "", version < 10 ? Uuid() : id, {{0, 5, 0, "note"}}}};
    auto response = client.call<kafka::OffsetCommitResponse>(request, version);
    return response.topics.at(0).partitions.at(0).error_code;
  }
  kafka::ConsumerGroupHeartbeatResponse consumer_beat(int32_t epoch, const Partitions& owned = {}) {
    kafka::ConsumerGroupHeartbeatRequest request;
    request.group_id = "g";
    request.member_id = "c";
    request.member_epoch = epoch;
    request.topic_partitions = std::vector<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions>();
    if (!owned.empty()) request.topic_partitions->push_back({id, owned});
    if (epoch == 0) {
      request.rebalance_timeout_ms = 30'000;
      request.subscribed_topic_names = std::vector<std::string>{"t"};
    }
    return client.call<kafka::ConsumerGroupHeartbeatResponse>(request, 1);
  }
  // The group's one member of the classic protocol reads everything.
  kafka::JoinGroupResponse settle(int16_t version = 9) {
    auto joined = join("", {}, version);
    EXPECT_EQ(joined.leader, joined.member_id);
    kafka::ConsumerProtocolAssignment all;
    all.assigned_partitions = {{"t", {0, 1, 2, 3}}};
    EXPECT_EQ(sync(joined, 3, must(kafka::encode_assignment(all, 1))).error_code, ErrorCode::none);
    return joined;
  }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaGroupsMigrationTest, ThereAndBackInEveryVersionOfTheClassicProtocol) {
  for (int16_t version = kafka::find_api(kafka::JoinGroupRequest::kKey)->oldest_decodable; version <= 9; ++version) {
    SCOPED_TRACE(version);
    const int16_t sync_version = std::min<int16_t>(version, 5);
    const int16_t commit_version = std::max<int16_t>(version, 2);
    auto a = settle(version);
    auto c = consumer_beat(0);
    ASSERT_EQ(c.error_code, ErrorCode::none) << c.error_message.value_or("");
    EXPECT_TRUE(c.assignment->topic_partitions.empty()) << "all are with the other one";
    EXPECT_EQ(commit(a, commit_version), ErrorCode::none);
    EXPECT_EQ(beat(a), ErrorCode::rebalance_in_progress);
    a = join(a.member_id, {}, version);
    EXPECT_EQ(a.error_code, ErrorCode::none);
    EXPECT_EQ(a.leader, "");
    EXPECT_TRUE(a.members.empty());
    EXPECT_EQ(a.protocol_name, "range");
    auto synced = sync(a, sync_version);
    EXPECT_EQ(synced.error_code, ErrorCode::none);
    EXPECT_EQ(synced.assignment.view()[1], version < 5 ? 0 : 3) << "as it writes itself";
    const Partitions kept = read(synced.assignment);
    EXPECT_EQ(kept.size(), 2u);
    EXPECT_EQ(commit(a, commit_version), ErrorCode::none);
    c = consumer_beat(c.member_epoch);
    ASSERT_EQ(c.assignment->topic_partitions.size(), 1u);
    EXPECT_EQ(c.assignment->topic_partitions[0].partitions.size(), 2u);

    EXPECT_EQ(consumer_beat(-1).error_code, ErrorCode::none);
    EXPECT_EQ(beat(a), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(commit(a, commit_version), ErrorCode::none);
    a = join(a.member_id, kept, version);
    EXPECT_EQ(a.leader, a.member_id) << "it makes the assignment again";
    kafka::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.member_id = a.member_id;
    EXPECT_EQ(client.call<kafka::LeaveGroupResponse>(leave, 1).error_code, ErrorCode::none);
  }
}

TEST_F(KafkaGroupsMigrationTest, DescribedAsWhatTheyAre) {
  auto a = settle();
  consumer_beat(0);
  kafka::ConsumerGroupDescribeRequest asked{{"g"}, false};
  auto group = client.call<kafka::ConsumerGroupDescribeResponse>(asked, 1).groups.at(0);
  ASSERT_EQ(group.members.size(), 2u);
  for (const auto& member : group.members) EXPECT_EQ(member.member_type, member.member_id == a.member_id ? 0 : 1);
}

TEST_F(KafkaGroupsMigrationTest, AGroupThatCannotBeReadIsRefused) {
  auto a = join("", {}, 9);
  EXPECT_EQ(sync(a, 3, Bytes::copy(as_bytes("x"))).error_code, ErrorCode::none);
  auto c = consumer_beat(0);
  EXPECT_EQ(c.error_code, ErrorCode::group_id_not_found);
  EXPECT_NE(c.error_message.value_or("").find("cannot be read"), std::string::npos);
  EXPECT_EQ(beat(a), ErrorCode::none);
}

}  // namespace
}  // namespace distributary
