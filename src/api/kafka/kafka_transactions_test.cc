// Every version of the APIs of transactions, from the client's side, down to the bytes.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/add_offsets_to_txn.h"
#include "wire/kafka/add_partitions_to_txn.h"
#include "wire/kafka/api_versions.h"
#include "wire/kafka/describe_producers.h"
#include "wire/kafka/describe_transactions.h"
#include "wire/kafka/end_txn.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/init_producer_id.h"
#include "wire/kafka/list_offsets.h"
#include "wire/kafka/list_transactions.h"
#include "wire/kafka/offset_fetch.h"
#include "wire/kafka/produce.h"
#include "wire/kafka/txn_offset_commit.h"
#include "wire/kafka/write_txn_markers.h"

namespace distributary {
namespace {

class KafkaTransactionsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaTransactionsTest() : id(create("t", 2)), client(connect()) {}

  kafka::InitProducerIdResponse begin(int16_t version = 5, const std::string& name = "tx") {
    kafka::InitProducerIdRequest request;
    request.transactional_id = name;
    request.transaction_timeout_ms = 60'000;
    return client.call<kafka::InitProducerIdResponse>(request, version);
  }
  kafka::ErrorCode add(const kafka::InitProducerIdResponse& as, int16_t version = 3, int32_t partition = 0) {
    kafka::AddPartitionsToTxnRequest request;
    request.transactional_id = "tx";
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    request.topics = {{"t", {partition}}};
    auto response = client.call<kafka::AddPartitionsToTxnResponse>(request, version);
    EXPECT_EQ(response.results_by_topic.at(0).name, "t");
    EXPECT_EQ(response.results_by_topic.at(0).results_by_partition.at(0).partition_index, partition);
    return response.results_by_topic.at(0).results_by_partition.at(0).partition_error_code;
  }
  kafka::ErrorCode send(const kafka::InitProducerIdResponse& as, int32_t sequence, int16_t version = 11) {
    RecordBatchBuilder builder;
    builder.producer(as.producer_id, as.producer_epoch, sequence).transactional();
    builder.add({.key = "k", .value = "v", .timestamp = 5});
    std::vector<uint8_t> batch = builder.build();
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 10'000;
    request.transactional_id = "tx";
    request.topic_data = {{version < 13 ? "t" : "", version < 13 ? Uuid() : id, {{0, ByteView(batch)}}}};
    auto response = client.call<kafka::ProduceResponse>(request, version);
    return response.responses.at(0).partition_responses.at(0).error_code;
  }
  kafka::EndTxnResponse end(const kafka::InitProducerIdResponse& as, bool commit, int16_t version = 4) {
    kafka::EndTxnRequest request;
    request.transactional_id = "tx";
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    request.committed = commit;
    return client.call<kafka::EndTxnResponse>(request, version);
  }
  kafka::ErrorCode commit_offset(const kafka::InitProducerIdResponse& as, int64_t offset, int16_t version) {
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = "tx";
    request.group_id = "g";
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    request.topics = {{"t", {{.partition_index = 0, .committed_offset = offset}}}};
    auto response = client.call<kafka::TxnOffsetCommitResponse>(request, version);
    return response.topics.at(0).partitions.at(0).error_code;
  }
  kafka::FetchResponse::Partition fetch(int8_t isolation, int16_t version = 12) {
    kafka::FetchRequest request;
    request.max_wait_ms = 0;
    request.min_bytes = 1;
    request.isolation_level = isolation;
    request.topics = {{version < 13 ? "t" : "",
                       version < 13 ? Uuid() : id,
                       {{.partition = 0, .fetch_offset = 0, .partition_max_bytes = 1 << 20}}}};
    auto response = client.call<kafka::FetchResponse>(request, version);
    return response.responses.at(0).partitions.at(0);
  }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaTransactionsTest, TheFirstFlowInEveryVersion) {
  int32_t sequence = 0;
  kafka::InitProducerIdResponse as;
  for (int16_t version : versions_of<kafka::InitProducerIdRequest>()) {
    as = begin(version);
    EXPECT_EQ(as.error_code, kafka::ErrorCode::none) << version;
    EXPECT_EQ(as.producer_epoch, version) << "one more each time";
  }
  for (int16_t version : versions_of<kafka::AddPartitionsToTxnRequest>())
    EXPECT_EQ(add(as, version), kafka::ErrorCode::none);
  for (int16_t version : versions_of<kafka::AddOffsetsToTxnRequest>()) {
    kafka::AddOffsetsToTxnRequest request;
    request.transactional_id = "tx";
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    request.group_id = "g";
    EXPECT_EQ(client.call<kafka::AddOffsetsToTxnResponse>(request, version).error_code, kafka::ErrorCode::none);
  }
  for (int16_t version : versions_of<kafka::TxnOffsetCommitRequest>())
    EXPECT_EQ(commit_offset(as, 1, version), kafka::ErrorCode::none) << version;
  for (int16_t version : versions_of<kafka::EndTxnRequest>()) {
    if (version >= 5) continue;  // the other flow
    EXPECT_EQ(add(as), kafka::ErrorCode::none);
    for (int16_t produce = 3; produce < 12; ++produce)
      EXPECT_EQ(send(as, sequence++, produce), kafka::ErrorCode::none) << produce;
    EXPECT_EQ(end(as, version % 2 == 0, version).error_code, kafka::ErrorCode::none) << version;
  }
}

TEST_F(KafkaTransactionsTest, TheSecondFlowIsAnnounced) {
  for (int16_t version : versions_of<kafka::ApiVersionsRequest>()) {
    kafka::ApiVersionsRequest request;
    request.client_software_name = "tester";
    request.client_software_version = "1";
    auto response = client.call<kafka::ApiVersionsResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.supported_features.size(), version < 4 ? 0u : 2u);
    ASSERT_EQ(response.finalized_features.size(), version < 3 ? 0u : 2u);
    if (version < 3) continue;
    EXPECT_EQ(response.finalized_features_epoch, 0);
    EXPECT_EQ(response.finalized_features[1].name, "transaction.version");
    EXPECT_EQ(response.finalized_features[1].max_version_level, 2);
  }
}

TEST_F(KafkaTransactionsTest, TheSecondFlow) {
  auto as = begin();
  for (int16_t version : {12, 13}) {
    EXPECT_EQ(send(as, 0, version), kafka::ErrorCode::none);
    EXPECT_EQ(commit_offset(as, version, 5), kafka::ErrorCode::none);
    auto next = end(as, true, 5);
    EXPECT_EQ(next.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(next.producer_id, as.producer_id);
    EXPECT_EQ(next.producer_epoch, as.producer_epoch + 1);
    as.producer_epoch = next.producer_epoch;
  }
  EXPECT_EQ(fetch(1).last_stable_offset, 4);
}

TEST_F(KafkaTransactionsTest, ReadersGetTheLastStableOffsetAndWhatWasAborted) {
  auto as = begin();
  EXPECT_EQ(send(as, 0, 12), kafka::ErrorCode::none);
  for (int16_t version : versions_of<kafka::FetchRequest>()) {
    auto open = fetch(1, version);
    EXPECT_EQ(open.last_stable_offset, 0) << version;
    EXPECT_EQ(open.high_watermark, 1);
    EXPECT_TRUE(open.records->empty());
    auto dirty = fetch(0, version);
    EXPECT_EQ(dirty.records->size(), 1u);
    EXPECT_FALSE(dirty.aborted_transactions.has_value());
  }
  kafka::ListOffsetsRequest latest;
  latest.topics = {{"t", {{.partition_index = 0, .timestamp = -1}}}};
  for (int8_t isolation : {0, 1}) {
    latest.isolation_level = isolation;
    auto response = client.call<kafka::ListOffsetsResponse>(latest, 7);
    EXPECT_EQ(response.topics[0].partitions[0].offset, isolation == 0 ? 1 : 0);
  }
  EXPECT_EQ(end(as, false, 5).error_code, kafka::ErrorCode::none);
  for (int16_t version : versions_of<kafka::FetchRequest>()) {
    auto read = fetch(1, version);
    EXPECT_EQ(read.last_stable_offset, 2);
    ASSERT_EQ(read.records->size(), 1u);
    RecordBatchView first = must(RecordBatchView::parse(read.records->at(0)));
    RecordBatchView marker = must(RecordBatchView::parse(read.records->at(0).bytes().view().subspan(first.size())));
    EXPECT_TRUE(marker.control());
    EXPECT_FALSE(must(parse_control_batch(marker)).committed);
    ASSERT_TRUE(read.aborted_transactions.has_value());
    ASSERT_EQ(read.aborted_transactions->size(), 1u);
    EXPECT_EQ(read.aborted_transactions->at(0).producer_id, as.producer_id);
    EXPECT_EQ(read.aborted_transactions->at(0).first_offset, 0);
  }
}

TEST_F(KafkaTransactionsTest, FencedInTheWordsOfEachVersion) {
  auto old = begin();
  begin();
  for (int16_t version : versions_of<kafka::AddPartitionsToTxnRequest>()) {
    EXPECT_EQ(add(old, version),
              version < 2 ? kafka::ErrorCode::invalid_producer_epoch : kafka::ErrorCode::producer_fenced);
  }
  for (int16_t version : versions_of<kafka::EndTxnRequest>()) {
    EXPECT_EQ(end(old, true, version).error_code,
              version < 2 ? kafka::ErrorCode::invalid_producer_epoch : kafka::ErrorCode::producer_fenced);
  }
  for (int16_t version : versions_of<kafka::TxnOffsetCommitRequest>())
    EXPECT_EQ(commit_offset(old, 1, version), kafka::ErrorCode::invalid_producer_epoch);
  EXPECT_EQ(send(old, 0), kafka::ErrorCode::invalid_producer_epoch);
  for (int16_t version : versions_of<kafka::InitProducerIdRequest>()) {
    if (version < 3) continue;
    kafka::InitProducerIdRequest request;
    request.transactional_id = "tx";
    request.transaction_timeout_ms = 1000;
    request.producer_id = old.producer_id;
    request.producer_epoch = old.producer_epoch;
    auto response = client.call<kafka::InitProducerIdResponse>(request, version);
    EXPECT_EQ(response.error_code,
              version < 4 ? kafka::ErrorCode::invalid_producer_epoch : kafka::ErrorCode::producer_fenced);
    EXPECT_EQ(response.producer_id, -1);
  }
}

TEST_F(KafkaTransactionsTest, ProduceOutsideATransactionInTheWordsOfEachVersion) {
  auto as = begin();
  EXPECT_EQ(send(as, 0, 10), kafka::ErrorCode::invalid_txn_state);
  EXPECT_EQ(send(as, 0, 11), kafka::ErrorCode::transaction_abortable);
  create_stream("/other");
  create("/other:x");
  EXPECT_EQ(add(as), kafka::ErrorCode::none);
  kafka::TxnOffsetCommitRequest request;
  request.transactional_id = "tx";
  request.group_id = "g";
  request.producer_id = as.producer_id;
  request.producer_epoch = as.producer_epoch;
  request.topics = {{"/other:x", {{.partition_index = 0}}}};
  EXPECT_EQ(client.call<kafka::TxnOffsetCommitResponse>(request, 3).topics[0].partitions[0].error_code,
            kafka::ErrorCode::policy_violation);
  EXPECT_EQ(client.call<kafka::TxnOffsetCommitResponse>(request, 4).topics[0].partitions[0].error_code,
            kafka::ErrorCode::transaction_abortable);
}

TEST_F(KafkaTransactionsTest, StableOffsetsOnly) {
  auto as = begin();
  EXPECT_EQ(commit_offset(as, 7, 5), kafka::ErrorCode::none);
  kafka::OffsetFetchRequest request;
  request.group_id = "g";
  request.topics.emplace();
  request.topics->push_back({"t", {0}});
  request.require_stable = true;
  auto response = client.call<kafka::OffsetFetchResponse>(request, 7);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, kafka::ErrorCode::unstable_offset_commit);
  request.require_stable = false;
  response = client.call<kafka::OffsetFetchResponse>(request, 7);
  EXPECT_EQ(response.topics[0].partitions[0].committed_offset, -1);
  EXPECT_EQ(end(as, true).error_code, kafka::ErrorCode::none);
  request.require_stable = true;
  response = client.call<kafka::OffsetFetchResponse>(request, 7);
  EXPECT_EQ(response.topics[0].partitions[0].committed_offset, 7);
}

TEST_F(KafkaTransactionsTest, ForAdministrators) {
  auto as = begin();
  EXPECT_EQ(send(as, 0, 12), kafka::ErrorCode::none);
  kafka::DescribeTransactionsRequest which;
  which.transactional_ids = {"tx", "unknown"};
  auto described = client.call<kafka::DescribeTransactionsResponse>(which, 0);
  ASSERT_EQ(described.transaction_states.size(), 2u);
  EXPECT_EQ(described.transaction_states[0].transaction_state, "Ongoing");
  EXPECT_EQ(described.transaction_states[0].transaction_timeout_ms, 60'000);
  EXPECT_EQ(described.transaction_states[0].topics.at(0).topic, "t");
  EXPECT_EQ(described.transaction_states[1].error_code, kafka::ErrorCode::transactional_id_not_found);
  for (int16_t version : versions_of<kafka::ListTransactionsRequest>()) {
    kafka::ListTransactionsRequest list;
    list.state_filters = {"Ongoing", "Nonsense"};
    auto listed = client.call<kafka::ListTransactionsResponse>(list, version);
    EXPECT_EQ(listed.unknown_state_filters, std::vector<std::string>{"Nonsense"});
    ASSERT_EQ(listed.transaction_states.size(), 1u);
    EXPECT_EQ(listed.transaction_states[0].transactional_id, "tx");
    list.producer_id_filters = {as.producer_id + 1};
    EXPECT_TRUE(client.call<kafka::ListTransactionsResponse>(list, version).transaction_states.empty());
    list.producer_id_filters.clear();
    list.duration_filter = 3'600'000;
    EXPECT_EQ(client.call<kafka::ListTransactionsResponse>(list, version).transaction_states.size(),
              version < 1 ? 1u : 0u);
    if (version < 2) continue;
    list.duration_filter = -1;
    for (const char* pattern : {"t.", ".*x", "tx", ""}) {
      list.transactional_id_pattern = pattern;
      EXPECT_EQ(client.call<kafka::ListTransactionsResponse>(list, version).transaction_states.size(), 1u) << pattern;
    }
    list.transactional_id_pattern = "t";  // it is the whole id that matches
    EXPECT_TRUE(client.call<kafka::ListTransactionsResponse>(list, version).transaction_states.empty());
    list.transactional_id_pattern = "(";
    EXPECT_EQ(client.call<kafka::ListTransactionsResponse>(list, version).error_code,
              kafka::ErrorCode::invalid_regular_expression);
  }
  kafka::DescribeProducersRequest of;
  of.topics = {{"t", {0}}};
  auto producers = client.call<kafka::DescribeProducersResponse>(of, 0).topics[0].partitions[0].active_producers;
  ASSERT_EQ(producers.size(), 1u);
  EXPECT_EQ(producers[0].producer_id, as.producer_id);
  EXPECT_EQ(producers[0].current_txn_start_offset, 0);
  kafka::WriteTxnMarkersRequest markers;
  kafka::WriteTxnMarkersResponse written;
  for (int16_t version : versions_of<kafka::WriteTxnMarkersRequest>()) {
    markers.markers = {{as.producer_id, as.producer_epoch, true, {{"t", {0}}}, 0}};
    markers.markers[0].transaction_version = 2;
    written = client.call<kafka::WriteTxnMarkersResponse>(markers, version);
    EXPECT_EQ(written.markers[0].topics[0].partitions[0].error_code, kafka::ErrorCode::invalid_request);
  }
  markers.markers[0].transaction_result = false;
  written = client.call<kafka::WriteTxnMarkersResponse>(markers, 2);
  EXPECT_EQ(written.markers[0].topics[0].partitions[0].error_code, kafka::ErrorCode::none);
  EXPECT_EQ(client.call<kafka::DescribeTransactionsResponse>(which, 0).transaction_states[0].transaction_state,
            "CompleteAbort");
  EXPECT_EQ(send(as, 1, 12), kafka::ErrorCode::invalid_producer_epoch);
}

}  // namespace
}  // namespace distributary
