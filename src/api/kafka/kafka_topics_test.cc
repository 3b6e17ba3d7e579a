// Every version of the APIs about the cluster, topics and settings, from the client's side.
#include "api/kafka/api_registry.h"
#include "api/kafka/features.h"
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/api_versions.h"
#include "wire/kafka/create_partitions.h"
#include "wire/kafka/create_topics.h"
#include "wire/kafka/delete_topics.h"
#include "wire/kafka/describe_cluster.h"
#include "wire/kafka/describe_configs.h"
#include "wire/kafka/find_coordinator.h"
#include "wire/kafka/list_groups.h"
#include "wire/kafka/metadata.h"

namespace distributary {
namespace {

class KafkaTopicsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaTopicsTest() : client(connect()) {}
  // Calls `body(version)` for every version that is served.
  template <class Request, class Body>
  void in_every_version(Body body) {
    const kafka::ApiInfo& api = *kafka::find_api(Request::kKey);
    ASSERT_LE(api.oldest_decodable, api.max_version);
    for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
      SCOPED_TRACE(std::string(api.name) + " " + std::to_string(version));
      body(version);
    }
  }
  kafka::MetadataResponse metadata(std::optional<std::vector<kafka::MetadataRequest::Topic>> topics, int16_t version,
                                   bool auto_create = false) {
    kafka::MetadataRequest request;
    request.topics = std::move(topics);
    request.allow_auto_topic_creation = auto_create;
    request.include_topic_authorized_operations = true;
    return client.call<kafka::MetadataResponse>(request, version);
  }

  KafkaTestClient client;
};

TEST_F(KafkaTopicsTest, ApiVersionsInEveryVersion) {
  in_every_version<kafka::ApiVersionsRequest>([this](int16_t version) {
    kafka::ApiVersionsRequest request{"kafka-test", "1.2.3"};
    auto response = client.call<kafka::ApiVersionsResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    ASSERT_EQ(response.api_keys.size(), kafka_apis().size());
    for (const auto& api : response.api_keys) {
      const kafka::ApiInfo& info = *kafka::find_api(api.api_key);
      EXPECT_EQ(api.max_version, info.max_version);
      EXPECT_EQ(api.min_version, info.key == kafka::ApiKey::produce ? 0 : info.oldest_decodable) << info.name;
    }
    EXPECT_EQ(response.finalized_features.size(), version >= 3 ? std::size(kKafkaFeatures) : 0u);
    request.client_software_name = "no blanks allowed";
    response = client.call<kafka::ApiVersionsResponse>(request, version);
    EXPECT_EQ(response.error_code, version >= 3 ? kafka::ErrorCode::invalid_request : kafka::ErrorCode::none);
  });
}

TEST_F(KafkaTopicsTest, MetadataInEveryVersion) {
  TopicUuid id = create("t", 3);
  in_every_version<kafka::MetadataRequest>([&](int16_t version) {
    auto response = metadata({{{.name = "t"}, {.name = "unknown"}}}, version);
    ASSERT_EQ(response.brokers.size(), 1u);
    EXPECT_EQ(response.brokers[0].host, "broker.example");
    EXPECT_EQ(response.brokers[0].port, listener->port());
    EXPECT_EQ(response.controller_id, version >= 1 ? 1 : -1);
    if (version >= 2) {
      EXPECT_EQ(response.cluster_id, "cluster-of-tests");
    }
    ASSERT_EQ(response.topics.size(), 2u);
    EXPECT_EQ(response.topics[0].name, "t");
    EXPECT_EQ(response.topics[0].partitions.size(), 3u);
    EXPECT_EQ(response.topics[0].partitions[2].leader_id, 1);
    EXPECT_EQ(response.topics[0].partitions[2].leader_epoch, version >= 7 ? 0 : -1);
    EXPECT_EQ(response.topics[0].topic_id, version >= 10 ? id : Uuid());
    if (version >= 8) {
      EXPECT_GT(response.topics[0].topic_authorized_operations, 0);
    }
    // Before version 4 a client cannot forbid creation, and the stream creates topics on use.
    EXPECT_EQ(response.topics[1].error_code,
              version >= 4 ? kafka::ErrorCode::unknown_topic_or_partition : kafka::ErrorCode::none);
    if (version < 4) run(broker->topics().remove({{"unknown", {}}}, caller, {}));
  });
}

TEST_F(KafkaTopicsTest, AllTopicsNoTopicsAndTopicsById) {
  TopicUuid id = create("t");
  in_every_version<kafka::MetadataRequest>([&](int16_t version) {
    auto all =
        version == 0 ? metadata(std::vector<kafka::MetadataRequest::Topic>{}, 0) : metadata(std::nullopt, version);
    ASSERT_EQ(all.topics.size(), 1u);
    EXPECT_EQ(all.topics[0].name, "t");
    if (version >= 1) {
      EXPECT_TRUE(metadata(std::vector<kafka::MetadataRequest::Topic>{}, version).topics.empty());
    }
    if (version < 12) return;
    Uuid unknown = Uuid::from_random({3});
    auto by_id = metadata({{{id, std::nullopt}, {unknown, std::nullopt}}}, version);
    EXPECT_EQ(by_id.topics.at(0).name, "t");
    EXPECT_EQ(by_id.topics.at(1).error_code, kafka::ErrorCode::unknown_topic_id);
    EXPECT_FALSE(by_id.topics.at(1).name.has_value());
    EXPECT_EQ(by_id.topics.at(1).topic_id, unknown);
  });
}

// The very bytes of librdkafka 2.16, when it lists all topics and knows one already.
TEST_F(KafkaTopicsTest, MetadataIgnoresWhatComesAfterTheRequest) {
  constexpr uint8_t kFrame[] = {0,   0,   0,   25,  0,   3,   0, 13, 0, 0, 0, 1, 0, 7, 'r',
                                'd', 'k', 'a', 'f', 'k', 'a', 0, 0,  0, 0, 0, 1, 0, 0};
  create("t");
  client.send_bytes(kFrame);
  auto response = client.receive<kafka::MetadataResponse>(13);
  ASSERT_EQ(response.topics.size(), 1u);
  EXPECT_EQ(response.topics[0].name, "t");
}

TEST_F(KafkaTopicsTest, EveryRequestMayHaveMoreBytesAfterIt) {
  create("t");
  constexpr uint8_t kListGroups[] = {0, 0, 0, 14, 0, 16, 0, 0, 0, 0, 0, 1, 0, 1, 'r', 9, 9, 9};
  client.send_bytes(kListGroups);
  EXPECT_EQ(client.receive<kafka::ListGroupsResponse>(0).error_code, kafka::ErrorCode::none);
  constexpr uint8_t kFindCoordinator[] = {0, 0, 0, 16, 0, 10, 0, 0, 0, 0, 0, 2, 0, 1, 'r', 0, 1, 'g', 0, 0};
  client.send_bytes(kFindCoordinator);
  EXPECT_EQ(client.receive<kafka::FindCoordinatorResponse>(0).error_code, kafka::ErrorCode::none);
}

TEST_F(KafkaTopicsTest, MetadataCreatesTopicsWhenAsked) {
  EXPECT_EQ(metadata({{{.name = "new"}}}, 9, false).topics[0].error_code, kafka::ErrorCode::unknown_topic_or_partition);
  auto made = metadata({{{.name = "new"}}}, 9, true);
  EXPECT_EQ(made.topics[0].error_code, kafka::ErrorCode::none);
  EXPECT_EQ(made.topics[0].partitions.size(), 1u);
  EXPECT_EQ(metadata({{{.name = "bad name"}}}, 9, true).topics[0].error_code,
            kafka::ErrorCode::invalid_topic_exception);
}

TEST_F(KafkaTopicsTest, CreateTopicsInEveryVersion) {
  in_every_version<kafka::CreateTopicsRequest>([this](int16_t version) {
    const std::string name = "t" + std::to_string(version);
    kafka::CreateTopicsRequest request;
    request.topics = {{name, version >= 4 ? -1 : 2, static_cast<int16_t>(version >= 4 ? -1 : 1), {}, {}},
                      {"bad name", 1, 1, {}, {}},
                      {name + "c", 1, 1, {}, {{"cleanup.policy", "keep"}}},
                      {name + "d", 1, 1, {}, {{"cleanup.policy", "compact"}, {"flush.ms", "5"}}}};
    auto response = client.call<kafka::CreateTopicsResponse>(request, version);
    EXPECT_EQ(response.topics.at(0).error_code, kafka::ErrorCode::none);
    EXPECT_FALSE(response.topics[0].error_message.has_value());
    if (version >= 5) {
      EXPECT_EQ(response.topics[0].num_partitions, 1);
      EXPECT_EQ(response.topics[0].replication_factor, 1);
      EXPECT_EQ(response.topics[0].configs->size(), 11u);
      EXPECT_EQ(response.topics[3].configs->size(), 12u);
      EXPECT_EQ(response.topics[3].configs->at(0).value, "compact");
      EXPECT_EQ(response.topics[3].configs->at(0).config_source, 1);
    }
    EXPECT_EQ(response.topics[0].topic_id.is_nil(), version < 7);
    EXPECT_EQ(response.topics.at(1).error_code, kafka::ErrorCode::invalid_topic_exception);
    EXPECT_EQ(response.topics.at(2).error_code, kafka::ErrorCode::invalid_config);
    EXPECT_NE(response.topics[2].error_message->find("cleanup.policy"), std::string::npos);
    EXPECT_EQ(response.topics.at(3).error_code, kafka::ErrorCode::none);
    response = client.call<kafka::CreateTopicsResponse>(request, version);
    EXPECT_EQ(response.topics.at(0).error_code, kafka::ErrorCode::topic_already_exists);
  });
}

TEST_F(KafkaTopicsTest, DeleteTopicsInEveryVersion) {
  in_every_version<kafka::DeleteTopicsRequest>([this](int16_t version) {
    TopicUuid by_name = create("a");
    TopicUuid by_id = create("b");
    kafka::DeleteTopicsRequest request;
    request.topic_names = {"a", "unknown"};
    request.topics = {{"a", {}}, {std::nullopt, by_id}, {"unknown", {}}, {std::nullopt, Uuid::from_random({5})}};
    auto response = client.call<kafka::DeleteTopicsResponse>(request, version);
    ASSERT_EQ(response.responses.size(), version >= 6 ? 4u : 2u);
    EXPECT_EQ(response.responses[0].error_code, kafka::ErrorCode::none);
    if (version >= 6) {
      EXPECT_EQ(response.responses[0].topic_id, by_name);
      EXPECT_EQ(response.responses[1].name, "b");
      EXPECT_EQ(response.responses[2].error_code, kafka::ErrorCode::unknown_topic_or_partition);
      EXPECT_EQ(response.responses[3].error_code, kafka::ErrorCode::unknown_topic_id);
      EXPECT_FALSE(response.responses[3].name.has_value());
    } else {
      EXPECT_EQ(response.responses[1].error_code, kafka::ErrorCode::unknown_topic_or_partition);
      run(broker->topics().remove({{"b", {}}}, caller, {}));
    }
  });
}

TEST_F(KafkaTopicsTest, CreatePartitionsInEveryVersion) {
  create("t", 1);
  in_every_version<kafka::CreatePartitionsRequest>([this](int16_t version) {
    kafka::CreatePartitionsRequest request;
    request.topics = {{"t", version + 2, std::nullopt}, {"unknown", 5, std::nullopt}};
    auto response = client.call<kafka::CreatePartitionsResponse>(request, version);
    EXPECT_EQ(response.results.at(0).error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.results.at(1).error_code, kafka::ErrorCode::unknown_topic_or_partition);
    response = client.call<kafka::CreatePartitionsResponse>(request, version);
    EXPECT_EQ(response.results.at(0).error_code, kafka::ErrorCode::invalid_partitions);
  });
  EXPECT_EQ(metadata({{{.name = "t"}}}, 9).topics[0].partitions.size(), 5u);
}

TEST_F(KafkaTopicsTest, DescribeConfigsInEveryVersion) {
  create("t");
  in_every_version<kafka::DescribeConfigsRequest>([this](int16_t version) {
    kafka::DescribeConfigsRequest request;
    request.resources = {{2, "t", std::nullopt}, {2, "t", {{"retention.ms"}}}, {2, "unknown", std::nullopt},
                         {4, "1", std::nullopt}, {4, "2", std::nullopt},       {32, "group", std::nullopt}};
    request.include_synonyms = true;
    request.include_documentation = true;
    auto response = client.call<kafka::DescribeConfigsResponse>(request, version);
    ASSERT_EQ(response.results.size(), 6u);
    EXPECT_EQ(response.results[0].configs.size(), 11u);
    ASSERT_EQ(response.results[1].configs.size(), 1u);
    EXPECT_EQ(response.results[1].configs[0].value, "604800000");
    EXPECT_EQ(response.results[1].configs[0].synonyms.size(), 1u);
    if (version >= 3) {
      EXPECT_EQ(response.results[1].configs[0].config_type, 5);
      EXPECT_TRUE(response.results[1].configs[0].documentation.has_value());
    }
    EXPECT_EQ(response.results[2].error_code, kafka::ErrorCode::unknown_topic_or_partition);
    EXPECT_FALSE(response.results[3].configs.empty());
    EXPECT_EQ(response.results[4].error_code, kafka::ErrorCode::invalid_request);
    EXPECT_EQ(response.results[5].error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.results[5].configs.size(), 2u);
  });
}

TEST_F(KafkaTopicsTest, DescribeClusterInEveryVersion) {
  in_every_version<kafka::DescribeClusterRequest>([this](int16_t version) {
    kafka::DescribeClusterRequest request;
    request.include_cluster_authorized_operations = true;
    auto response = client.call<kafka::DescribeClusterResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.cluster_id, "cluster-of-tests");
    EXPECT_EQ(response.controller_id, 1);
    ASSERT_EQ(response.brokers.size(), 1u);
    EXPECT_EQ(response.brokers[0].broker_id, 1);
    EXPECT_EQ(response.cluster_authorized_operations, 0b1111110100000);  // all that there are
    if (version == 0) return;
    request.endpoint_type = 2;
    EXPECT_EQ(client.call<kafka::DescribeClusterResponse>(request, version).error_code,
              kafka::ErrorCode::mismatched_endpoint_type);
  });
}

}  // namespace
}  // namespace distributary
