// That decoded fields hold what Kafka's client put into them: number n of the full form is ±n repeated over all bytes
// of the integer (even numbers are negative), the text "s<n>", the bytes "bytes<n>". Fields are numbered in the order
// of the wire, tagged ones last in their struct.
#include <gtest/gtest.h>

#include "wire/kafka/alter_client_quotas.h"
#include "wire/kafka/api_versions.h"
#include "wire/kafka/describe_topic_partitions.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/golden_entries.h"
#include "wire/kafka/join_group.h"
#include "wire/kafka/message.h"
#include "wire/kafka/metadata.h"
#include "wire/kafka/produce.h"

namespace distributary::kafka {
namespace {

const std::vector<uint8_t>& golden(const std::string& message, int16_t version, const std::string& form = "full") {
  return find_golden(message, version, form)->bytes;
}
int32_t i32(int n) { return (n % 2 ? n : -n) * 0x01010101; }
int64_t i64(int n) { return (n % 2 ? n : -n) * 0x0101010101010101; }

TEST(KafkaGoldenValues, FetchRequest) {
  auto request = FetchRequest::decode(golden("FetchRequest", 18), 18);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->max_wait_ms, i32(1));
  EXPECT_EQ(request->isolation_level, -4);
  EXPECT_EQ(request->session_epoch, i32(6));
  ASSERT_EQ(request->topics.size(), 2u);
  EXPECT_EQ(request->topics[0].topic, "");
  EXPECT_EQ(to_string(request->topics[0].topic_id), "55550000-0000-0007-7777-000000000007");
  ASSERT_EQ(request->topics[0].partitions.size(), 2u);
  EXPECT_EQ(request->topics[0].partitions[0].partition, i32(8));
  EXPECT_EQ(request->topics[0].partitions[0].fetch_offset, i64(10));
  EXPECT_EQ(request->topics[0].partitions[0].high_watermark, i64(15));
  EXPECT_TRUE(request->cluster_id.has_value());
  EXPECT_EQ(request->replica_id, -1);

  auto old = FetchRequest::decode(golden("FetchRequest", 4), 4);
  ASSERT_TRUE(old);
  EXPECT_EQ(old->replica_id, i32(1));
  EXPECT_EQ(old->topics[0].topic, "s6");
  EXPECT_EQ(old->topics[0].partitions[0].current_leader_epoch, -1);
  EXPECT_EQ(old->session_epoch, -1);
}

TEST(KafkaGoldenValues, FetchResponse) {
  Bytes body = Bytes::copy(golden("FetchResponse", 18));
  auto response = FetchResponse::decode(body, 18);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->throttle_time_ms, i32(1));
  const auto& partition = response->responses.at(0).partitions.at(0);
  EXPECT_EQ(partition.partition_index, i32(5));
  EXPECT_EQ(partition.error_code, ErrorCode{-6 * 257});
  EXPECT_EQ(partition.aborted_transactions->at(1).first_offset, i64(13));
  ASSERT_EQ(partition.records->size(), 1u);
  EXPECT_EQ(as_text(partition.records->at(0)), "bytes15");
  EXPECT_GT(partition.records->at(0).data(), body.data());
  EXPECT_EQ(partition.diverging_epoch.epoch, i32(16));
  EXPECT_EQ(partition.current_leader.leader_epoch, i32(19));
  EXPECT_EQ(response->node_endpoints.at(1).rack, "s81");

  auto sparse = FetchResponse::decode(golden("FetchResponse", 11, "sparse"), 11);
  EXPECT_TRUE(sparse->responses.empty());
}

TEST(KafkaGoldenValues, ProduceRequest) {
  auto request = ProduceRequest::decode(golden("ProduceRequest", 12), 12);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->transactional_id, "s1");
  EXPECT_EQ(request->acks, -2 * 257);
  EXPECT_EQ(request->topic_data.at(0).name, "s4");
  EXPECT_EQ(request->topic_data[0].partition_data.at(0).index, i32(5));
  EXPECT_EQ(as_text(*request->topic_data[0].partition_data[0].records), "bytes6");
  auto sparse = ProduceRequest::decode(golden("ProduceRequest", 3, "sparse"), 3);
  EXPECT_EQ(sparse->transactional_id, std::nullopt);
}

TEST(KafkaGoldenValues, MetadataNullOnlyFromTheVersionThatHasIt) {
  auto all = MetadataRequest::decode(golden("MetadataRequest", 1, "sparse"), 1);
  EXPECT_EQ(all->topics, std::nullopt);
  EXPECT_TRUE(all->allow_auto_topic_creation);
  auto oldest = MetadataRequest::decode(golden("MetadataRequest", 0, "sparse"), 0);
  EXPECT_TRUE(oldest->topics && oldest->topics->empty());
  const uint8_t null_topics[] = {0xff, 0xff, 0xff, 0xff};
  EXPECT_FALSE(MetadataRequest::decode(null_topics, 0));
  auto response = MetadataResponse::decode(golden("MetadataResponse", 13), 13);
  EXPECT_EQ(response->brokers.at(0).host, "s3");
  EXPECT_EQ(response->brokers.at(1).rack, "s9");
  EXPECT_EQ(response->cluster_authorized_operations, INT32_MIN);
}

TEST(KafkaGoldenValues, JoinGroupBytes) {
  auto request = JoinGroupRequest::decode(golden("JoinGroupRequest", 9), 9);
  EXPECT_EQ(request->group_id, "s1");
  EXPECT_EQ(request->protocols.at(0).name, "s7");
  EXPECT_EQ(as_text(request->protocols[0].metadata), "bytes8");
  EXPECT_EQ(request->reason, "s11");
  auto older = JoinGroupResponse();
  Writer out;
  older.protocol_name = std::nullopt;  // null is known from version 7 on only
  ASSERT_TRUE(older.encode(out, 6));
  EXPECT_EQ(JoinGroupResponse::decode(join_pieces(out.take()), 6)->protocol_name, "");
}

TEST(KafkaGoldenValues, StructThatMayBeNull) {
  auto full = DescribeTopicPartitionsRequest::decode(golden("DescribeTopicPartitionsRequest", 0), 0);
  ASSERT_TRUE(full && full->cursor);
  EXPECT_EQ(full->cursor->topic_name, "s4");
  EXPECT_EQ(full->cursor->partition_index, i32(5));
  auto sparse = DescribeTopicPartitionsRequest::decode(golden("DescribeTopicPartitionsRequest", 0, "sparse"), 0);
  EXPECT_FALSE(sparse->cursor);
}

TEST(KafkaGoldenValues, FloatsAndTaggedLists) {
  auto quotas = AlterClientQuotasRequest::decode(golden("AlterClientQuotasRequest", 1), 1);
  EXPECT_EQ(quotas->entries.at(0).ops.at(0).key, "s5");
  EXPECT_EQ(quotas->entries[0].ops[0].value, -6.25);
  auto versions = ApiVersionsResponse::decode(golden("ApiVersionsResponse", 4), 4);
  EXPECT_EQ(versions->supported_features.size(), 2u);
  EXPECT_EQ(versions->finalized_features.at(1).name.substr(0, 1), "s");
  EXPECT_TRUE(versions->zk_migration_ready);
}

}  // namespace
}  // namespace distributary::kafka
