// Fetch sessions, quotas and throttling, from the client's side.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/alter_client_quotas.h"
#include "wire/kafka/describe_client_quotas.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/metadata.h"
#include "wire/kafka/produce.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KafkaFetchTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaFetchTest() : id(create("t", 3)), client(connect()) {}
  kafka::FetchRequest::Topic ask(int16_t version, int32_t partition, int64_t offset) {
    return {version < 13 ? "t" : "",
            version < 13 ? Uuid() : id,
            {{.partition = partition, .fetch_offset = offset, .partition_max_bytes = 1 << 20}}};
  }
  kafka::FetchResponse fetch(int16_t version, int32_t session, int32_t epoch,
                             std::vector<kafka::FetchRequest::Topic> topics, int32_t wait = 0) {
    kafka::FetchRequest request;
    request.max_wait_ms = wait;
    request.min_bytes = 1;
    request.session_id = session;
    request.session_epoch = epoch;
    request.topics = std::move(topics);
    return client.call<kafka::FetchResponse>(request, version);
  }
  kafka::AlterClientQuotasResponse set(const char* type, std::optional<std::string> name, const char* key, double value,
                                       int16_t version = 1) {
    kafka::AlterClientQuotasRequest request;
    request.entries = {{{{type, std::move(name)}}, {{key, value, false}}}};
    return client.call<kafka::AlterClientQuotasResponse>(request, version);
  }
  SteadyTime now() { return sim.executor().now(); }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaFetchTest, SessionsInEveryVersionThatHasThem) {
  for (int16_t version = 7; version <= 18; ++version) {
    const int64_t end = version - 7;
    auto first = fetch(version, 0, 0, {ask(version, 0, end), ask(version, 1, 0)});
    ASSERT_EQ(first.error_code, kafka::ErrorCode::none) << version;
    ASSERT_NE(first.session_id, 0) << version;
    EXPECT_EQ(first.responses.at(0).partitions.size(), 2u);
    produce("t", 0, {"x"});
    auto changed = fetch(version, first.session_id, 1, {});
    ASSERT_EQ(changed.responses.size(), 1u) << version;
    ASSERT_EQ(changed.responses[0].partitions.size(), 1u) << version;
    EXPECT_EQ(changed.responses[0].topic_id, version < 13 ? Uuid() : id);
    EXPECT_EQ(changed.responses[0].partitions[0].high_watermark, end + 1);
    EXPECT_TRUE(fetch(version, first.session_id, 2, {ask(version, 0, end + 1)}).responses.empty());
    EXPECT_EQ(fetch(version, first.session_id, 9, {}).error_code, kafka::ErrorCode::invalid_fetch_session_epoch);
    EXPECT_EQ(fetch(version, first.session_id, -1, {ask(version, 0, 0)}).session_id, 0);
    EXPECT_EQ(fetch(version, first.session_id, 3, {}).error_code, kafka::ErrorCode::fetch_session_id_not_found);
  }
}

TEST_F(KafkaFetchTest, ATopicIdThatIsNotKnownIsSaidSo) {
  kafka::FetchRequest::Topic unknown = ask(13, 0, 0);
  unknown.topic_id.bytes[0] ^= 1;
  auto response = fetch(13, 0, -1, {unknown, ask(13, 0, 0)});
  EXPECT_EQ(response.responses.at(0).partitions.at(0).error_code, kafka::ErrorCode::unknown_topic_id);
  EXPECT_EQ(response.responses.at(1).partitions.at(0).error_code, kafka::ErrorCode::none);
  auto session = fetch(12, 0, 0, {ask(12, 0, 0)});
  EXPECT_EQ(fetch(13, session.session_id, 1, {}).error_code, kafka::ErrorCode::fetch_session_topic_id_error);
}

TEST_F(KafkaFetchTest, ALongPollOfASessionIsWokenByItsPartitionsOnly) {
  auto first = fetch(12, 0, 0, {ask(12, 0, 0)});
  kafka::FetchRequest request;
  request.max_wait_ms = 30'000;
  request.min_bytes = 1;
  request.session_id = first.session_id;
  request.session_epoch = 1;
  client.send(request, 12);
  produce("t", 1, {"x"});
  EXPECT_FALSE(client.answered_within(seconds(5)));
  produce("t", 0, {"x"});
  EXPECT_EQ(client.receive<kafka::FetchResponse>(12).responses.at(0).partitions.at(0).high_watermark, 1);
}

TEST_F(KafkaFetchTest, AnswersThatAreNotReadAreBoundedOverAllConnections) {
  BrokerOptions options = broker->options();
  EXPECT_GE(options.fetch_bytes_in_flight_max, size_t{1} << 20);
  for (int i = 0; i < 8; ++i) produce("t", 0, {std::string(900'000, 'x')});
  auto got = fetch(12, 0, -1, {ask(12, 0, 0)});
  EXPECT_EQ(got.responses.at(0).partitions.at(0).error_code, kafka::ErrorCode::none);
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(broker->fetcher().bytes_in_flight().used(), 0u) << "what was written is given back";
}

TEST_F(KafkaFetchTest, QuotasAreSetAndDescribed) {
  for (int16_t version : {0, 1}) {
    EXPECT_EQ(set("client-id", "app", "producer_byte_rate", 1000 + version, version).entries.at(0).error_code,
              kafka::ErrorCode::none);
    EXPECT_EQ(set("user", std::nullopt, "consumer_byte_rate", 5, version).entries.at(0).error_code,
              kafka::ErrorCode::none);
    kafka::DescribeClientQuotasRequest all;
    auto described = client.call<kafka::DescribeClientQuotasResponse>(all, version);
    ASSERT_TRUE(described.entries.has_value());
    ASSERT_EQ(described.entries->size(), 2u);
    kafka::DescribeClientQuotasRequest one;
    one.components = {{"client-id", 0, "app"}};
    described = client.call<kafka::DescribeClientQuotasResponse>(one, version);
    ASSERT_EQ(described.entries->size(), 1u);
    EXPECT_EQ(described.entries->at(0).values.at(0).key, "producer_byte_rate");
    EXPECT_EQ(described.entries->at(0).values.at(0).value, 1000 + version);
    kafka::DescribeClientQuotasRequest defaults;
    defaults.components = {{"user", 1, std::nullopt}};
    defaults.strict = true;
    described = client.call<kafka::DescribeClientQuotasResponse>(defaults, version);
    ASSERT_EQ(described.entries->size(), 1u);
    EXPECT_EQ(described.entries->at(0).entity.at(0).entity_name, std::nullopt);
    kafka::DescribeClientQuotasRequest unknown;
    unknown.components = {{"galaxy", 2, std::nullopt}};
    described = client.call<kafka::DescribeClientQuotasResponse>(unknown, version);
    EXPECT_EQ(described.error_code, kafka::ErrorCode::unsupported_version);
    EXPECT_FALSE(described.entries.has_value());
  }
}

TEST_F(KafkaFetchTest, QuotasThatAreRefusedAreNamed) {
  auto refused = [](const kafka::AlterClientQuotasResponse& response) {
    EXPECT_EQ(response.entries.at(0).error_code, kafka::ErrorCode::invalid_request);
    return response.entries.at(0).error_message.value_or("");
  };
  EXPECT_NE(refused(set("user", "u", "request_percentage", 1)).find("request_percentage"), std::string::npos);
  EXPECT_NE(refused(set("planet", "u", "producer_byte_rate", 1)).find("planet"), std::string::npos);
  EXPECT_NE(refused(set("user", "", "producer_byte_rate", 1)).find("null"), std::string::npos);
  kafka::AlterClientQuotasRequest twice;
  twice.entries = {{{{"user", "u"}}, {{"producer_byte_rate", 1, false}}},
                   {{{"user", "u"}}, {{"producer_byte_rate", 2, false}}}};
  auto response = client.call<kafka::AlterClientQuotasResponse>(twice, 1);
  EXPECT_EQ(response.entries.at(0).error_code, kafka::ErrorCode::none);
  EXPECT_EQ(response.entries.at(1).error_code, kafka::ErrorCode::invalid_request);
}

// A listener that asks who the client is.
class KafkaQuotaPermissionTest : public testing::Test, protected KafkaHarness {};

TEST_F(KafkaQuotaPermissionTest, OnlyAdministratorsSeeAndChangeQuotas) {
  StreamPermissions nobody;
  Broker guarded(*world, *catalog, nobody, broker->options(), 1);
  KafkaListener other(guarded, {});
  must(other.listen({"node", 0}, nullptr));
  {
    KafkaTestClient client(sim, *client_world, other.port());
    kafka::AlterClientQuotasRequest set;
    set.entries = {{{{"user", "u"}}, {{"producer_byte_rate", 1, false}}}};
    auto refused = client.call<kafka::AlterClientQuotasResponse>(set, 1);
    EXPECT_EQ(refused.entries.at(0).error_code, kafka::ErrorCode::cluster_authorization_failed);
    auto hidden = client.call<kafka::DescribeClientQuotasResponse>(kafka::DescribeClientQuotasRequest{}, 1);
    EXPECT_EQ(hidden.error_code, kafka::ErrorCode::cluster_authorization_failed);
    EXPECT_FALSE(hidden.entries.has_value());
  }
  EXPECT_TRUE(guarded.quotas().table().all().empty());
  run(other.stop());
  run(guarded.stop());
  EXPECT_TRUE(StreamPermissions(std::vector<std::string>{"root"}).check_administrator({.user = "root"}));
}

TEST_F(KafkaFetchTest, AProducerAboveItsQuotaIsThrottledAndItsConnectionMute) {
  set("client-id", "tester", "producer_byte_rate", 1'000);
  std::vector<uint8_t> batch = batch_of({std::string(14'000, 'x')});
  kafka::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 10'000;
  request.topic_data = {{"t", Uuid(), {{0, ByteView(batch)}}}};
  const SteadyTime start = now();
  auto response = client.call<kafka::ProduceResponse>(request, 9);
  EXPECT_EQ(response.responses.at(0).partition_responses.at(0).error_code, kafka::ErrorCode::none);
  EXPECT_NEAR(response.throttle_time_ms, 4'000, 200);
  EXPECT_LT(now() - start, seconds(1)) << "the answer comes at once, the next one does not";
  client.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 9);
  EXPECT_GE(now() - start, milliseconds(response.throttle_time_ms));
  EXPECT_LT(now() - start, milliseconds(response.throttle_time_ms + 500));
}

TEST_F(KafkaFetchTest, AConsumerAboveItsQuotaGetsItsRate) {
  for (int i = 0; i < 40; ++i) produce("t", 0, {std::string(10'000, 'x')});
  set("client-id", std::nullopt, "consumer_byte_rate", 10'000);
  const SteadyTime start = now();
  int64_t offset = 0;
  int32_t throttled = 0;
  while (offset < 40) {
    auto response = fetch(12, 0, -1, {ask(12, 0, offset)});
    size_t bytes = 0;
    for (const Piece& piece : response.responses.at(0).partitions.at(0).records.value()) bytes += piece.size();
    offset += static_cast<int64_t>(bytes / 10'000);
    EXPECT_LE(bytes, 101'000u) << "more than a window's worth at once";
    throttled += response.throttle_time_ms > 0;
  }
  EXPECT_GT(throttled, 0);
  const double span = std::chrono::duration<double>(now() - start).count();
  EXPECT_NEAR(span, 30, 10);  // ten seconds' worth may go at once
}

TEST_F(KafkaFetchTest, ConnectionsAboveTheQuotaOfAnAddressAreClosedLater) {
  set("ip", std::nullopt, "connection_creation_rate", 1);
  for (int i = 0; i < 10; ++i) {
    KafkaTestClient good = connect();
    good.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 9);
  }
  KafkaTestClient refused = connect();
  const SteadyTime start = now();
  refused.send(kafka::MetadataRequest{}, 9);
  EXPECT_TRUE(refused.closed());
  EXPECT_GE(now() - start, milliseconds(500));
}

}  // namespace
}  // namespace distributary
