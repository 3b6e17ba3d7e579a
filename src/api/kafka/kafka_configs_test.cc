// Every version of the APIs about settings, records to delete, sizes and leaders, from the client's side.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/alter_configs.h"
#include "wire/kafka/alter_partition_reassignments.h"
#include "wire/kafka/create_topics.h"
#include "wire/kafka/delete_records.h"
#include "wire/kafka/describe_configs.h"
#include "wire/kafka/describe_log_dirs.h"
#include "wire/kafka/describe_topic_partitions.h"
#include "wire/kafka/elect_leaders.h"
#include "wire/kafka/incremental_alter_configs.h"
#include "wire/kafka/list_config_resources.h"
#include "wire/kafka/list_partition_reassignments.h"

namespace distributary {
namespace {

using kafka::ErrorCode;
constexpr int8_t kTopic = 2;
constexpr int8_t kBroker = 4;
constexpr int8_t kLogger = 8;
constexpr int8_t kGroup = 32;

class KafkaConfigsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaConfigsTest() : client(connect()) {}
  template <class Request, class Body>
  void in_every_version(Body body) {
    const kafka::ApiInfo& api = *kafka::find_api(Request::kKey);
    ASSERT_LE(api.oldest_decodable, api.max_version);
    for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
      SCOPED_TRACE(std::string(api.name) + " " + std::to_string(version));
      body(version);
    }
  }
  kafka::DescribeConfigsResponse::ResourceResult configs_of(int8_t type, const std::string& name) {
    kafka::DescribeConfigsRequest request;
    request.resources = {{type, name, std::nullopt}};
    request.include_synonyms = true;
    return client.call<kafka::DescribeConfigsResponse>(request, 4).results.at(0);
  }
  kafka::DescribeConfigsResponse::Config config(const std::string& topic, const std::string& name) {
    for (auto& config : configs_of(kTopic, topic).configs) {
      if (config.name == name) return config;
    }
    return {};
  }
  ErrorCode set(int8_t type, const std::string& name, const std::string& setting, const std::string& value) {
    kafka::IncrementalAlterConfigsRequest request;
    request.resources = {{type, name, {{setting, 0, value}}}};
    return client.call<kafka::IncrementalAlterConfigsResponse>(request, 1).responses.at(0).error_code;
  }

  KafkaTestClient client;
};

TEST_F(KafkaConfigsTest, AlterConfigsInEveryVersion) {
  create("t");
  in_every_version<kafka::AlterConfigsRequest>([this](int16_t version) {
    kafka::AlterConfigsRequest request;
    request.resources = {{kTopic, "t", {{"retention.ms", "77"}, {"segment.ms", "8"}}},
                         {kTopic, "unknown", {}},
                         {kBroker, "1", {{"message.max.bytes", "1"}}},
                         {kBroker, "1x", {}},
                         {kLogger, "1", {{"root", "DEBUG"}}},
                         {kGroup, "", {}}};
    request.validate_only = true;
    auto response = client.call<kafka::AlterConfigsResponse>(request, version);
    EXPECT_EQ(response.responses.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(config("t", "retention.ms").value, "604800000");
    request.validate_only = false;
    response = client.call<kafka::AlterConfigsResponse>(request, version);
    ASSERT_EQ(response.responses.size(), 6u);
    EXPECT_EQ(response.responses[0].error_code, ErrorCode::none);
    EXPECT_EQ(response.responses[0].resource_type, kTopic);
    EXPECT_EQ(response.responses[0].resource_name, "t");
    EXPECT_EQ(response.responses[1].error_code, ErrorCode::unknown_topic_or_partition);
    for (size_t i = 2; i < 6; ++i) {
      EXPECT_EQ(response.responses[i].error_code, ErrorCode::invalid_request) << i;
      EXPECT_TRUE(response.responses[i].error_message.has_value()) << i;
    }
    EXPECT_EQ(config("t", "retention.ms").value, "77");
    EXPECT_EQ(config("t", "segment.ms").value, "8");
    request.resources = {{kTopic, "t", {}}};
    EXPECT_EQ(client.call<kafka::AlterConfigsResponse>(request, version).responses[0].error_code, ErrorCode::none);
    EXPECT_EQ(config("t", "retention.ms").value, "604800000");
    EXPECT_TRUE(config("t", "segment.ms").name.empty());  // it is not listed
    request.resources = {{kTopic, "t", {{"retention.ms", std::nullopt}}}};
    EXPECT_EQ(client.call<kafka::AlterConfigsResponse>(request, version).responses[0].error_code,
              ErrorCode::invalid_request);
  });
}

TEST_F(KafkaConfigsTest, IncrementalAlterConfigsInEveryVersion) {
  create("t");
  in_every_version<kafka::IncrementalAlterConfigsRequest>([this](int16_t version) {
    auto alter = [&](std::vector<kafka::IncrementalAlterConfigsRequest::Config> configs) {
      kafka::IncrementalAlterConfigsRequest request;
      request.resources = {{kTopic, "t", std::move(configs)}};
      return client.call<kafka::IncrementalAlterConfigsResponse>(request, version).responses.at(0).error_code;
    };
    EXPECT_EQ(alter({{"retention.ms", 0, "5"}, {"cleanup.policy", 2, "compact"}}), ErrorCode::none);
    EXPECT_EQ(config("t", "cleanup.policy").value, "delete,compact");
    EXPECT_EQ(config("t", "retention.ms").config_source, 1);
    EXPECT_EQ(alter({{"cleanup.policy", 3, "delete"}}), ErrorCode::none);
    EXPECT_EQ(config("t", "cleanup.policy").value, "compact");
    EXPECT_EQ(alter({{"cleanup.policy", 1, std::nullopt}, {"retention.ms", 1, std::nullopt}}), ErrorCode::none);
    EXPECT_EQ(config("t", "cleanup.policy").value, "delete");
    EXPECT_EQ(config("t", "retention.ms").config_source, 5);
    EXPECT_EQ(alter({{"compression.type", 0, "zstd"}}), ErrorCode::none);
    EXPECT_EQ(config("t", "compression.type").value, "zstd");
    EXPECT_EQ(alter({{"compression.type", 0, "rar"}}), ErrorCode::invalid_config);
    EXPECT_EQ(alter({{"retention.ms", 7, "1"}}), ErrorCode::invalid_request);
    kafka::IncrementalAlterConfigsRequest twice;
    twice.resources = {{kTopic, "t", {}}, {kTopic, "t", {}}, {kLogger, "1", {{"root", 0, "DEBUG"}}}};
    auto response = client.call<kafka::IncrementalAlterConfigsResponse>(twice, version);
    for (const auto& result : response.responses) EXPECT_EQ(result.error_code, ErrorCode::invalid_request);
    // What Kafka's tool for reassignments does when it is done: nothing was set, so nothing is left.
    kafka::IncrementalAlterConfigsRequest clear;
    clear.resources = {{kBroker, "1", {{"leader.replication.throttled.rate", 1, std::nullopt}}},
                       {kTopic, "t", {{"leader.replication.throttled.replicas", 1, std::nullopt}}}};
    response = client.call<kafka::IncrementalAlterConfigsResponse>(clear, version);
    for (const auto& result : response.responses) EXPECT_EQ(result.error_code, ErrorCode::none);
  });
}

TEST_F(KafkaConfigsTest, SynonymsSayWhereAValueComesFrom) {
  StreamSettings settings = StreamSettings::for_creator("root");
  settings.ttl_seconds = 3600;
  create_stream("/short", settings);
  create("/short:t");
  auto follows = config("/short:t", "retention.ms");
  EXPECT_EQ(follows.value, "3600000");
  EXPECT_EQ(follows.config_source, 4);
  ASSERT_EQ(follows.synonyms.size(), 2u);
  EXPECT_EQ(follows.synonyms[0].name, "log.retention.ms");
  EXPECT_EQ(follows.synonyms[0].source, 4);
  EXPECT_EQ(follows.synonyms[1].value, "604800000");
  EXPECT_EQ(follows.synonyms[1].source, 5);
  EXPECT_FALSE(follows.read_only);
  kafka::IncrementalAlterConfigsRequest request;
  request.resources = {{kTopic, "/short:t", {{"retention.ms", 0, "1000"}}}};
  client.call<kafka::IncrementalAlterConfigsResponse>(request, 1);
  auto own = config("/short:t", "retention.ms");
  EXPECT_EQ(own.config_source, 1);
  ASSERT_EQ(own.synonyms.size(), 3u);
  EXPECT_EQ(own.synonyms[0].name, "retention.ms");
  EXPECT_EQ(own.synonyms[0].source, 1);
}

TEST_F(KafkaConfigsTest, BrokersAndTheirLoggersAreDescribed) {
  auto broker = configs_of(kBroker, "1");
  EXPECT_EQ(broker.error_code, ErrorCode::none);
  EXPECT_GT(broker.configs.size(), 5u);
  for (const auto& config : broker.configs) {
    EXPECT_EQ(config.config_source, config.read_only ? 4 : 5) << config.name;
    EXPECT_EQ(config.synonyms.size(), 1u) << config.name;
  }
  EXPECT_TRUE(std::ranges::is_sorted(broker.configs, {}, &kafka::DescribeConfigsResponse::Config::name));
  EXPECT_EQ(broker.configs.front().name, "advertised.listeners");
  EXPECT_NE(broker.configs.front().value.value_or("").find("PLAINTEXT://"), std::string::npos);
  EXPECT_TRUE(configs_of(kBroker, "").configs.empty());
  EXPECT_EQ(configs_of(kBroker, "2").error_code, ErrorCode::invalid_request);
  auto logger = configs_of(kLogger, "1");
  ASSERT_EQ(logger.configs.size(), 1u);
  EXPECT_EQ(logger.configs[0].name, "root");
  EXPECT_EQ(logger.configs[0].value, "INFO");
  EXPECT_EQ(logger.configs[0].config_source, 6);
  EXPECT_EQ(configs_of(kLogger, "").error_code, ErrorCode::invalid_request);
}

TEST_F(KafkaConfigsTest, GroupsAndBrokersAreGivenSettings) {
  EXPECT_EQ(configs_of(kGroup, "g").configs.size(), 2u);
  EXPECT_EQ(configs_of(kGroup, "").error_code, ErrorCode::invalid_request);
  EXPECT_EQ(set(kGroup, "g", "consumer.session.timeout.ms", "50000"), ErrorCode::none);
  auto group = configs_of(kGroup, "g").configs;
  ASSERT_EQ(group.size(), 2u);
  EXPECT_EQ(group[1].value, "50000");
  EXPECT_EQ(group[1].config_source, 8);
  EXPECT_EQ(set(kGroup, "g", "consumer.session.timeout.ms", "1"), ErrorCode::invalid_config);
  EXPECT_EQ(set(kGroup, "", "consumer.session.timeout.ms", "50000"), ErrorCode::invalid_request);
  EXPECT_EQ(set(kBroker, "1", "background.threads", "9"), ErrorCode::none);
  EXPECT_EQ(set(kBroker, "", "log.cleaner.threads", "2"), ErrorCode::none);
  EXPECT_EQ(set(kBroker, "2", "background.threads", "9"), ErrorCode::invalid_request);
  EXPECT_EQ(set(kBroker, "1", "log.cleanup.policy", "compact"), ErrorCode::invalid_request);
  auto shared = configs_of(kBroker, "").configs;
  ASSERT_EQ(shared.size(), 1u);
  EXPECT_EQ(shared[0].name, "log.cleaner.threads");
  EXPECT_EQ(shared[0].config_source, 3);
  EXPECT_EQ(
      std::ranges::count(configs_of(kBroker, "1").configs, 2, &kafka::DescribeConfigsResponse::Config::config_source),
      1);
}

TEST_F(KafkaConfigsTest, ListConfigResourcesInEveryVersion) {
  create_stream("/other");
  create("t");
  create("/other:u");
  in_every_version<kafka::ListConfigResourcesRequest>([this](int16_t version) {
    auto list = [&](std::vector<int8_t> types) {
      kafka::ListConfigResourcesRequest request;
      request.resource_types = std::move(types);
      return client.call<kafka::ListConfigResourcesResponse>(request, version);
    };
    auto all = list({});
    EXPECT_EQ(all.error_code, ErrorCode::none);
    if (version == 0) {
      EXPECT_TRUE(all.config_resources.empty());  // client metrics: there are none
      return;
    }
    EXPECT_EQ(all.config_resources.size(), 4u);
    auto topics = list({kTopic});
    ASSERT_EQ(topics.config_resources.size(), 2u);
    for (const auto& resource : topics.config_resources) EXPECT_EQ(resource.resource_type, kTopic);
    EXPECT_EQ(list({kBroker}).config_resources.at(0).resource_name, "1");
    EXPECT_TRUE(list({16, kGroup}).config_resources.empty());
    EXPECT_EQ(set(kGroup, "g", "consumer.session.timeout.ms", "50000"), ErrorCode::none);
    EXPECT_EQ(list({kGroup}).config_resources.at(0).resource_name, "g");
    EXPECT_EQ(list({99}).error_code, ErrorCode::unsupported_version);
  });
}

TEST_F(KafkaConfigsTest, DeleteRecordsInEveryVersion) {
  create("t", 2);
  in_every_version<kafka::DeleteRecordsRequest>([this](int16_t version) {
    const Offset end = produce("t", 0, {"a", "b", "c"}).base_offset + 3;
    kafka::DeleteRecordsRequest request;
    request.timeout_ms = 0;  // the disk is waited for all the same
    logs.sync_time = std::chrono::milliseconds(50);
    request.topics = {{"t", {{0, end - 1}, {1, 5}, {7, 0}}}, {"unknown", {{0, 0}}}};
    auto response = client.call<kafka::DeleteRecordsResponse>(request, version);
    ASSERT_EQ(response.topics.size(), 2u);
    EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::none);
    EXPECT_EQ(response.topics[0].partitions[0].low_watermark, end - 1);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(response.topics[0].partitions[1].low_watermark, -1);
    EXPECT_EQ(response.topics[0].partitions[2].error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.topics[1].partitions[0].error_code, ErrorCode::unknown_topic_or_partition);
    request.topics = {{"t", {{0, -1}}}};
    EXPECT_EQ(client.call<kafka::DeleteRecordsResponse>(request, version).topics[0].partitions[0].low_watermark, end);
  });
}

TEST_F(KafkaConfigsTest, DescribeLogDirsInEveryVersion) {
  create("t", 2);
  create("empty");
  produce("t", 1, {std::string(1000, 'x')});
  in_every_version<kafka::DescribeLogDirsRequest>([this](int16_t version) {
    kafka::DescribeLogDirsRequest request;
    request.topics.emplace();
    request.topics->push_back({"t", {0, 1, 9}});
    request.topics->push_back({"unknown", {0}});
    auto response = client.call<kafka::DescribeLogDirsResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    ASSERT_EQ(response.results.size(), 1u);
    EXPECT_EQ(response.results[0].error_code, ErrorCode::none);
    ASSERT_EQ(response.results[0].topics.size(), 1u);
    const auto& partitions = response.results[0].topics[0].partitions;
    ASSERT_EQ(partitions.size(), 2u);
    EXPECT_EQ(partitions[0].partition_size, 0);
    EXPECT_GT(partitions[1].partition_size, 1000);
    EXPECT_LT(partitions[1].partition_size, 1400);
    EXPECT_FALSE(partitions[1].is_future_key);
    request.topics.reset();
    EXPECT_EQ(client.call<kafka::DescribeLogDirsResponse>(request, version).results[0].topics.size(), 2u);
  });
}

TEST_F(KafkaConfigsTest, ElectLeadersInEveryVersion) {
  create("t", 2);
  in_every_version<kafka::ElectLeadersRequest>([this](int16_t version) {
    kafka::ElectLeadersRequest request;
    request.topic_partitions.emplace();
    request.topic_partitions->push_back({"t", {0, 1, 2}});
    request.topic_partitions->push_back({"unknown", {0}});
    auto response = client.call<kafka::ElectLeadersResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    ASSERT_EQ(response.replica_election_results.size(), 2u);
    const auto& partitions = response.replica_election_results[0].partition_result;
    EXPECT_EQ(partitions.at(0).error_code, ErrorCode::election_not_needed);
    EXPECT_EQ(partitions.at(1).error_code, ErrorCode::election_not_needed);
    EXPECT_EQ(partitions.at(2).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.replica_election_results[1].partition_result.at(0).error_code,
              ErrorCode::unknown_topic_or_partition);
    request.topic_partitions.reset();
    EXPECT_TRUE(client.call<kafka::ElectLeadersResponse>(request, version).replica_election_results.empty());
    request.election_type = 2;
    EXPECT_EQ(client.call<kafka::ElectLeadersResponse>(request, version).error_code,
              version >= 1 ? ErrorCode::invalid_request : ErrorCode::none);
  });
}

TEST_F(KafkaConfigsTest, ReassignmentsInEveryVersion) {
  create("t", 4);
  in_every_version<kafka::AlterPartitionReassignmentsRequest>([this](int16_t version) {
    kafka::AlterPartitionReassignmentsRequest request;
    request.topics = {{"t", {{0, {{1}}}, {1, {{1, 2}}}, {2, std::nullopt}, {9, {{1}}}}}, {"unknown", {{0, {{1}}}}}};
    auto response = client.call<kafka::AlterPartitionReassignmentsResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    ASSERT_EQ(response.responses.size(), 2u);
    const auto& partitions = response.responses[0].partitions;
    EXPECT_EQ(partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(partitions.at(1).error_code, ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(partitions.at(2).error_code, ErrorCode::no_reassignment_in_progress);
    EXPECT_EQ(partitions.at(3).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(response.responses[1].partitions.at(0).error_code, ErrorCode::unknown_topic_or_partition);
  });
  in_every_version<kafka::ListPartitionReassignmentsRequest>([this](int16_t version) {
    kafka::ListPartitionReassignmentsRequest request;
    auto response = client.call<kafka::ListPartitionReassignmentsResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    EXPECT_TRUE(response.topics.empty());
  });
}

class DescribeTopicPartitionsTest : public KafkaConfigsTest {
 protected:
  using Request = kafka::DescribeTopicPartitionsRequest;
  using Response = kafka::DescribeTopicPartitionsResponse;
  Response describe(std::vector<std::string> topics, int32_t limit = 2000,
                    std::optional<Request::Cursor> cursor = std::nullopt) {
    Request request;
    for (std::string& topic : topics) request.topics.push_back({std::move(topic)});
    request.response_partition_limit = limit;
    request.cursor = std::move(cursor);
    return client.call<Response>(request, 0);
  }
};

TEST_F(DescribeTopicPartitionsTest, TopicsComeByNameWithAllThatIsKnown) {
  TopicUuid id = create("b", 2);
  create("a");
  Response response = describe({"b", "unknown", "a", "b"});
  ASSERT_EQ(response.topics.size(), 3u);
  EXPECT_EQ(response.topics[0].name, "a");
  EXPECT_EQ(response.topics[1].name, "b");
  EXPECT_EQ(response.topics[1].topic_id, id);
  EXPECT_GT(response.topics[1].topic_authorized_operations, 0);
  ASSERT_EQ(response.topics[1].partitions.size(), 2u);
  EXPECT_EQ(response.topics[1].partitions[1].partition_index, 1);
  EXPECT_EQ(response.topics[1].partitions[1].leader_id, 1);
  EXPECT_EQ(response.topics[1].partitions[1].leader_epoch, 0);
  EXPECT_EQ(response.topics[1].partitions[1].isr_nodes, std::vector<int32_t>{1});
  EXPECT_EQ(response.topics[2].error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_FALSE(response.next_cursor.has_value());
  EXPECT_EQ(describe({}).topics.size(), 2u);
}

TEST_F(DescribeTopicPartitionsTest, PagesHoldAsManyPartitionsAsAskedFor) {
  create("a", 3);
  create("b", 1);
  create("c", 2);
  std::vector<std::pair<std::string, int32_t>> seen;
  std::optional<Request::Cursor> cursor;
  int pages = 0;
  do {
    Response page = describe({}, 2, cursor);
    size_t partitions = 0;
    for (const auto& topic : page.topics) {
      for (const auto& partition : topic.partitions) seen.emplace_back(*topic.name, partition.partition_index);
      partitions += topic.partitions.size();
    }
    EXPECT_LE(partitions, 2u);
    EXPECT_GT(partitions, 0u);
    cursor.reset();
    if (page.next_cursor) cursor = Request::Cursor{page.next_cursor->topic_name, page.next_cursor->partition_index};
    ASSERT_LT(++pages, 10);
  } while (cursor);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen,
            (std::vector<std::pair<std::string, int32_t>>{{"a", 0}, {"a", 1}, {"a", 2}, {"b", 0}, {"c", 0}, {"c", 1}}));
}

TEST_F(DescribeTopicPartitionsTest, CursorsThatDoNotFitAreRefused) {
  create("a", 3);
  create("b", 3);
  EXPECT_EQ(describe({"a"}, 10, Request::Cursor{"b", 0}).topics.at(0).error_code, ErrorCode::invalid_request);
  EXPECT_EQ(describe({"a"}, 10, Request::Cursor{"a", -1}).topics.at(0).error_code, ErrorCode::invalid_request);
  EXPECT_EQ(describe({"a", "b"}, 10, Request::Cursor{"b", 2}).topics.at(0).partitions.size(), 1u);
  EXPECT_TRUE(describe({"a"}, 10, Request::Cursor{"a", 3}).topics.at(0).partitions.empty());
  EXPECT_EQ(describe({}, 0).topics.at(0).partitions.size(), 1u);  // at least one
  // The topic of the cursor has gone meanwhile: the next one follows.
  EXPECT_EQ(describe({}, 10, Request::Cursor{"aa", 1}).topics.at(0).name, "b");
}

}  // namespace
}  // namespace distributary
