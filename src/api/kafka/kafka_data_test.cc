// Every version of the APIs that carry records, offsets and producer ids, from the client's side.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/alter_configs.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/init_producer_id.h"
#include "wire/kafka/list_offsets.h"
#include "wire/kafka/offset_for_leader_epoch.h"
#include "wire/kafka/produce.h"

namespace distributary {
namespace {

class KafkaDataTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaDataTest() : id(create("t", 2)), client(connect()) {}
  kafka::ProduceRequest produce_request(ByteView batch, int16_t version, int32_t partition = 0) {
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 10'000;
    request.topic_data = {{version < 13 ? "t" : "", version < 13 ? Uuid() : id, {{partition, batch}}}};
    return request;
  }
  kafka::ProduceResponse::PartitionResponse produce_with(ByteView batch, int16_t version, int32_t partition = 0) {
    auto response = client.call<kafka::ProduceResponse>(produce_request(batch, version, partition), version);
    EXPECT_EQ(response.responses.size(), 1u);
    return response.responses.at(0).partition_responses.at(0);
  }
  kafka::FetchRequest fetch_request(int16_t version, int64_t offset = 0) {
    kafka::FetchRequest request;
    request.max_wait_ms = 100;
    request.min_bytes = 1;
    request.topics = {{version < 13 ? "t" : "",
                       version < 13 ? Uuid() : id,
                       {{.partition = 0, .fetch_offset = offset, .partition_max_bytes = 1 << 20}}}};
    return request;
  }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaDataTest, ProduceInEveryVersion) {
  std::vector<uint8_t> batch = batch_of({"a", "b"});
  int64_t offset = 0;
  for (int16_t version : versions_of<kafka::ProduceRequest>()) {
    auto partition = produce_with(batch, version);
    EXPECT_EQ(partition.error_code, kafka::ErrorCode::none) << version;
    EXPECT_EQ(partition.base_offset, offset) << version;
    EXPECT_EQ(partition.log_append_time_ms, -1);
    EXPECT_EQ(partition.log_start_offset, version >= 5 ? 0 : -1);
    offset += 2;
  }
  EXPECT_EQ(offset, 22);
}

TEST_F(KafkaDataTest, ProduceNamesTheRecordsThatACompactedTopicDoesNotTake) {
  kafka::AlterConfigsRequest compact;
  compact.resources = {{2, "t", {{"cleanup.policy", "compact"}}}};
  ASSERT_EQ(client.call<kafka::AlterConfigsResponse>(compact, 2).responses[0].error_code, kafka::ErrorCode::none);
  RecordBatchBuilder builder;
  builder.add({.key = "k", .value = "v", .timestamp = 1});
  builder.add({.value = "v", .timestamp = 1});
  auto refused = produce_with(builder.build(), 8);
  EXPECT_EQ(refused.error_code, kafka::ErrorCode::invalid_record);
  ASSERT_EQ(refused.record_errors.size(), 1u);
  EXPECT_EQ(refused.record_errors[0].batch_index, 1);
  EXPECT_TRUE(refused.record_errors[0].batch_index_error_message.has_value());
}

// To Kafka's one broker the time-out says nothing, for it waits for no other.
TEST_F(KafkaDataTest, AProduceWithoutTimeWaitsForTheDiskAllTheSame) {
  logs.sync_time = std::chrono::milliseconds(50);
  std::vector<uint8_t> batch = batch_of({"a"});
  for (int16_t acks : {int16_t{1}, int16_t{-1}}) {
    kafka::ProduceRequest request = produce_request(batch, 9);
    request.acks = acks;
    request.timeout_ms = 0;
    auto response = client.call<kafka::ProduceResponse>(request, 9);
    EXPECT_EQ(response.responses[0].partition_responses[0].error_code, kafka::ErrorCode::none) << acks;
  }
}

TEST_F(KafkaDataTest, ProduceSaysWhatIsWrong) {
  std::vector<uint8_t> batch = batch_of({"a"});
  auto missing = produce_with(batch, 9, 7);
  EXPECT_EQ(missing.error_code, kafka::ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(missing.base_offset, -1);
  EXPECT_NE(missing.error_message.value_or("").find("no partition 7"), std::string::npos);
  std::vector<uint8_t> zstd = batch_of({"a"}, 1, Codec::zstd);
  EXPECT_EQ(produce_with(zstd, 6).error_code, kafka::ErrorCode::unsupported_compression_type);
  EXPECT_EQ(produce_with(zstd, 7).error_code, kafka::ErrorCode::none);
  kafka::ProduceRequest request = produce_request(batch, 9);
  request.acks = 2;
  auto response = client.call<kafka::ProduceResponse>(request, 9);
  EXPECT_EQ(response.responses[0].partition_responses[0].error_code, kafka::ErrorCode::invalid_required_acks);
  request = produce_request(batch, 13);
  request.topic_data[0].topic_id = Uuid::from_random({4, 4});
  response = client.call<kafka::ProduceResponse>(request, 13);
  EXPECT_EQ(response.responses[0].partition_responses[0].error_code, kafka::ErrorCode::unknown_topic_id);
  EXPECT_EQ(response.responses[0].topic_id, request.topic_data[0].topic_id);
}

TEST_F(KafkaDataTest, LogAppendTimeIsTold) {
  std::vector<NewTopic> topics{{.name = "stamped", .configs = {{"message.timestamp.type", "LogAppendTime"}}}};
  EXPECT_TRUE(run(broker->topics().create(topics, false, caller, {}))[0].fault.ok());
  std::vector<uint8_t> batch = batch_of({"a"});
  kafka::ProduceRequest request = produce_request(batch, 9);
  request.topic_data[0].name = "stamped";
  auto response = client.call<kafka::ProduceResponse>(request, 9);
  EXPECT_GE(response.responses[0].partition_responses[0].log_append_time_ms, SimExecutor::kWallStart);
}

TEST_F(KafkaDataTest, FetchInEveryVersion) {
  std::vector<uint8_t> batch = batch_of({"a", "b"});
  produce_with(batch, 9);
  for (int16_t version : versions_of<kafka::FetchRequest>()) {
    auto response = client.call<kafka::FetchResponse>(fetch_request(version), version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none) << version;
    EXPECT_EQ(response.session_id, 0);
    const auto& partition = response.responses.at(0).partitions.at(0);
    EXPECT_EQ(partition.error_code, kafka::ErrorCode::none) << version;
    EXPECT_EQ(partition.high_watermark, 2);
    EXPECT_EQ(partition.last_stable_offset, 2);
    EXPECT_FALSE(partition.aborted_transactions.has_value());
    ASSERT_TRUE(partition.records.has_value());
    ASSERT_EQ(partition.records->size(), 1u);
    RecordBatchView stored = must(RecordBatchView::parse((*partition.records)[0]));
    EXPECT_EQ(stored.record_count(), 2);
    EXPECT_EQ(stored.crc(), stored.computed_crc());
  }
}

TEST_F(KafkaDataTest, FetchAnswersEmptyAndNotNull) {
  for (int16_t version : versions_of<kafka::FetchRequest>()) {
    kafka::FetchRequest request = fetch_request(version);
    request.isolation_level = 1;
    auto partition = client.call<kafka::FetchResponse>(request, version).responses.at(0).partitions.at(0);
    ASSERT_TRUE(partition.records.has_value()) << version;
    EXPECT_TRUE(partition.records->empty());
    EXPECT_TRUE(partition.aborted_transactions.has_value());
  }
}

TEST_F(KafkaDataTest, FetchSaysWhatIsWrong) {
  auto error = [this](kafka::FetchRequest request, int16_t version) {
    return client.call<kafka::FetchResponse>(request, version).responses.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(error(fetch_request(11, 3), 11), kafka::ErrorCode::offset_out_of_range);
  kafka::FetchRequest request = fetch_request(12);
  request.topics[0].partitions[0].current_leader_epoch = 9;
  EXPECT_EQ(error(request, 12), kafka::ErrorCode::unknown_leader_epoch);
  request = fetch_request(13);
  request.topics[0].topic_id = Uuid::from_random({8});
  EXPECT_EQ(error(request, 13), kafka::ErrorCode::unknown_topic_id);
  produce_with(batch_of({"a"}, 1, Codec::zstd), 9);
  EXPECT_EQ(error(fetch_request(9), 9), kafka::ErrorCode::unsupported_compression_type);
  request = fetch_request(12);
  request.topics[0].partitions[0].last_fetched_epoch = 4;  // there never was such an epoch
  auto partition = client.call<kafka::FetchResponse>(request, 12).responses.at(0).partitions.at(0);
  EXPECT_EQ(partition.diverging_epoch.epoch, 0);
  EXPECT_EQ(partition.diverging_epoch.end_offset, 1);
  EXPECT_TRUE(partition.records->empty());
}

TEST_F(KafkaDataTest, ListOffsetsInEveryVersion) {
  produce_with(batch_of({"a"}, 1000), 9);
  produce_with(batch_of({"b"}, 3000), 9);
  for (int16_t version : versions_of<kafka::ListOffsetsRequest>()) {
    auto find = [&](int64_t time) {
      kafka::ListOffsetsRequest request;
      request.replica_id = -1;
      request.topics = {{"t", {{.partition_index = 0, .timestamp = time}}}};
      return client.call<kafka::ListOffsetsResponse>(request, version).topics.at(0).partitions.at(0);
    };
    EXPECT_EQ(find(-1).offset, 2) << version;
    EXPECT_EQ(find(-1).leader_epoch, version >= 4 ? 0 : -1);
    EXPECT_EQ(find(-2).offset, 0);
    EXPECT_EQ(find(2000).offset, 1);
    EXPECT_EQ(find(2000).timestamp, 3000);
    EXPECT_EQ(find(4000).offset, -1);
    EXPECT_EQ(find(-3).error_code, version >= 7 ? kafka::ErrorCode::none : kafka::ErrorCode::unsupported_version);
    EXPECT_EQ(find(-3).offset, version >= 7 ? 1 : -1);
    EXPECT_EQ(find(-4).offset, version >= 8 ? 0 : -1);
    EXPECT_EQ(find(-5).error_code, version >= 9 ? kafka::ErrorCode::none : kafka::ErrorCode::unsupported_version);
    EXPECT_EQ(find(-6).error_code, version >= 11 ? kafka::ErrorCode::none : kafka::ErrorCode::unsupported_version);
  }
}

TEST_F(KafkaDataTest, OffsetForLeaderEpochInEveryVersion) {
  produce_with(batch_of({"a"}), 9);
  for (int16_t version : versions_of<kafka::OffsetForLeaderEpochRequest>()) {
    kafka::OffsetForLeaderEpochRequest request;
    request.topics = {{"t", {{.partition = 0, .leader_epoch = 0}, {.partition = 5, .leader_epoch = 0}}}};
    auto response = client.call<kafka::OffsetForLeaderEpochResponse>(request, version);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).end_offset, 1);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).leader_epoch, 0);
    EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, kafka::ErrorCode::unknown_topic_or_partition);
  }
}

TEST_F(KafkaDataTest, InitProducerIdInEveryVersion) {
  std::set<int64_t> seen;
  for (int16_t version : versions_of<kafka::InitProducerIdRequest>()) {
    kafka::InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    auto response = client.call<kafka::InitProducerIdResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.producer_epoch, 0);
    EXPECT_TRUE(seen.insert(response.producer_id).second);
    request.transactional_id = "";
    response = client.call<kafka::InitProducerIdResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::invalid_request);
    EXPECT_EQ(response.producer_id, -1);
  }
}

}  // namespace
}  // namespace distributary
