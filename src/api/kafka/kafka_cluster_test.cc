// What Kafka's tools ask of a cluster as a whole, in every version, from the client's side.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/alter_replica_log_dirs.h"
#include "wire/kafka/describe_log_dirs.h"
#include "wire/kafka/describe_quorum.h"
#include "wire/kafka/describe_user_scram_credentials.h"
#include "wire/kafka/update_features.h"

namespace distributary {
namespace {

using kafka::ErrorCode;

class KafkaClusterTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaClusterTest() : client(connect()) {}
  KafkaTestClient client;
};

TEST_F(KafkaClusterTest, ReplicasStayInTheOneDirectoryInEveryVersion) {
  create("t", 2);
  const std::string directory =
      client.call<kafka::DescribeLogDirsResponse>(kafka::DescribeLogDirsRequest{}, 5).results.at(0).log_dir;
  for (int16_t version = 1; version <= 2; ++version) {
    kafka::AlterReplicaLogDirsRequest request;
    request.dirs = {{directory, {{"t", {0, 1, 2}}, {"unknown", {0}}}}, {"/elsewhere", {{"t", {0}}}}};
    auto response = client.call<kafka::AlterReplicaLogDirsResponse>(request, version);
    ASSERT_EQ(response.results.size(), 3u);
    EXPECT_EQ(response.results[0].topic_name, "t");
    EXPECT_EQ(response.results[0].partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(response.results[0].partitions.at(1).error_code, ErrorCode::none);
    EXPECT_EQ(response.results[0].partitions.at(2).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.results[1].partitions.at(0).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.results[2].topic_name, "t");
    EXPECT_EQ(response.results[2].partitions.at(0).error_code, ErrorCode::log_dir_not_found);
  }
}

TEST_F(KafkaClusterTest, TheQuorumIsThisNodeInEveryVersion) {
  for (int16_t version = 0; version <= 2; ++version) {
    kafka::DescribeQuorumRequest request;
    request.topics = {{"__cluster_metadata", {{0}, {1}}}, {"other", {{0}}}};
    auto response = client.call<kafka::DescribeQuorumResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    ASSERT_EQ(response.topics.size(), 2u);
    const auto& partition = response.topics[0].partitions.at(0);
    EXPECT_EQ(partition.error_code, ErrorCode::none);
    EXPECT_EQ(partition.leader_id, 1);
    ASSERT_EQ(partition.current_voters.size(), 1u);
    EXPECT_EQ(partition.current_voters[0].replica_id, 1);
    EXPECT_EQ(partition.current_voters[0].log_end_offset, partition.high_watermark);
    EXPECT_EQ(partition.current_voters[0].last_caught_up_timestamp >= 0, version >= 1);
    EXPECT_TRUE(partition.observers.empty());
    EXPECT_EQ(response.topics[0].partitions.at(1).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.topics[1].partitions.at(0).error_code, ErrorCode::unknown_topic_or_partition);
    ASSERT_EQ(response.nodes.size(), version >= 2 ? 1u : 0u);
    if (version < 2) continue;
    EXPECT_EQ(response.nodes[0].node_id, 1);
    EXPECT_EQ(response.nodes[0].listeners.at(0).host, "broker.example");
    EXPECT_EQ(response.nodes[0].listeners.at(0).port, listener->port());
  }
}

TEST_F(KafkaClusterTest, NobodyHasAScramCredential) {
  kafka::DescribeUserScramCredentialsRequest request;
  auto all = client.call<kafka::DescribeUserScramCredentialsResponse>(request, 0);
  EXPECT_EQ(all.error_code, ErrorCode::none);
  EXPECT_TRUE(all.results.empty());
  request.users = {{"alice"}, {"bob"}, {"bob"}};
  auto named = client.call<kafka::DescribeUserScramCredentialsResponse>(request, 0);
  EXPECT_EQ(named.error_code, ErrorCode::none);
  ASSERT_EQ(named.results.size(), 2u);
  EXPECT_EQ(named.results[0].user, "alice");
  EXPECT_EQ(named.results[0].error_code, ErrorCode::resource_not_found);
  EXPECT_TRUE(named.results[0].error_message.has_value());
  EXPECT_EQ(named.results[1].user, "bob");
  EXPECT_EQ(named.results[1].error_code, ErrorCode::duplicate_resource);
}

TEST_F(KafkaClusterTest, FeaturesStayAtTheirLevelsInEveryVersion) {
  for (int16_t version : versions_of<kafka::UpdateFeaturesRequest>()) {
    kafka::UpdateFeaturesRequest request;
    auto ask = [&](std::vector<std::pair<const char*, int16_t>> wanted) {
      request.feature_updates.clear();
      for (const auto& [name, level] : wanted)
        request.feature_updates.push_back({.feature = name, .max_version_level = level});
      return client.call<kafka::UpdateFeaturesResponse>(request, version);
    };
    auto same = ask({{"transaction.version", 2}, {"group.version", 1}});
    EXPECT_EQ(same.error_code, ErrorCode::none);
    EXPECT_EQ(same.results.size(), version < 2 ? 2u : 0u);
    auto other = ask({{"group.version", 1}, {"transaction.version", 1}, {"kraft.version", 1}});
    EXPECT_EQ(other.error_code, version < 2 ? ErrorCode::none : ErrorCode::invalid_update_version);
    if (version >= 2) {
      EXPECT_NE(other.error_message->find("transaction.version"), std::string::npos) << *other.error_message;
      continue;
    }
    ASSERT_EQ(other.results.size(), 3u);
    EXPECT_EQ(other.results[0].error_code, ErrorCode::none);
    EXPECT_EQ(other.results[1].error_code, ErrorCode::invalid_update_version);
    EXPECT_EQ(other.results[2].error_code, ErrorCode::invalid_update_version);
    EXPECT_NE(other.results[2].error_message->find("kraft.version"), std::string::npos);
  }
}

TEST_F(KafkaClusterTest, OnlyAdministratorsSeeCredentialsMoveReplicasAndUpdateFeatures) {
  create("t");
  StreamPermissions nobody;
  Broker guarded(*world, *catalog, nobody, broker->options(), 1);
  KafkaListener other(guarded, {});
  must(other.listen({"node", 0}, nullptr));
  {
    KafkaTestClient stranger(sim, *client_world, other.port());
    auto hidden =
        stranger.call<kafka::DescribeUserScramCredentialsResponse>(kafka::DescribeUserScramCredentialsRequest{}, 0);
    EXPECT_EQ(hidden.error_code, ErrorCode::cluster_authorization_failed);
    kafka::AlterReplicaLogDirsRequest move;
    move.dirs = {{"/streams", {{"t", {0}}}}};
    auto kept = stranger.call<kafka::UpdateFeaturesResponse>(kafka::UpdateFeaturesRequest{}, 2);
    EXPECT_EQ(kept.error_code, ErrorCode::cluster_authorization_failed);
    auto refused = stranger.call<kafka::AlterReplicaLogDirsResponse>(move, 2);
    EXPECT_EQ(refused.results.at(0).partitions.at(0).error_code, ErrorCode::cluster_authorization_failed);
  }
  run(other.stop());
  run(guarded.stop());
}

}  // namespace
}  // namespace distributary
