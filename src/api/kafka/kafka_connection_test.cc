#include "api/kafka/api_registry.h"
#include "api/kafka/kafka_harness.h"
#include "base/big_endian.h"
#include "wire/kafka/api_versions.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/heartbeat.h"
#include "wire/kafka/join_group.h"
#include "wire/kafka/metadata.h"
#include "wire/kafka/produce.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KafkaConnectionTest : public testing::Test, protected KafkaHarness {
 protected:
  static kafka::ProduceRequest produce(const std::vector<uint8_t>& batch, int16_t acks = -1,
                                       std::string_view topic = "t") {
    kafka::ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 10'000;
    request.topic_data = {{topic, {}, {{0, ByteView(batch)}}}};
    return request;
  }
  static kafka::FetchRequest fetch(int32_t wait_ms, int64_t offset = 0) {
    kafka::FetchRequest request;
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.topics = {{"t", {}, {{.partition = 0, .fetch_offset = offset, .partition_max_bytes = 1 << 20}}}};
    return request;
  }
  // A header without client id, and zeros.
  static std::vector<uint8_t> raw(int16_t key, int16_t version, size_t size = 11) {
    std::vector<uint8_t> frame(4 + size);
    store_be<int32_t>(frame.data(), static_cast<int32_t>(size));
    store_be<int16_t>(frame.data() + 4, key);
    store_be<int16_t>(frame.data() + 6, version);
    store_be<int16_t>(frame.data() + 12, -1);
    return frame;
  }
};

TEST_F(KafkaConnectionTest, AnswersComeInTheOrderOfRequests) {
  create("t");
  KafkaTestClient client = connect();
  std::vector<uint8_t> batch = batch_of({"a"});
  for (int i = 0; i < 20; ++i) {
    client.send(produce(batch), 9);
    client.send(kafka::MetadataRequest{}, 12);
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.receive<kafka::ProduceResponse>(9).responses[0].partition_responses[0].base_offset, i);
    client.receive<kafka::MetadataResponse>(12);
  }
}

TEST_F(KafkaConnectionTest, PipelinedProducesShareSyncs) {
  create("t");
  logs.sync_time = milliseconds(20);
  KafkaTestClient client = connect();
  std::vector<uint8_t> batch = batch_of({"a"});
  const uint64_t before = logs.syncs;
  for (int i = 0; i < 50; ++i) client.send(produce(batch), 9);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.receive<kafka::ProduceResponse>(9).responses[0].partition_responses[0].base_offset, i);
  }
  EXPECT_LT(logs.syncs - before, 25u);
}

TEST_F(KafkaConnectionTest, RequestsArriveInPiecesAndSeveralAtOnce) {
  KafkaTestClient client = connect();
  std::vector<uint8_t> bytes;
  for (int i = 1; i <= 3; ++i) {
    std::vector<uint8_t> frame =
        join_pieces(must(kafka::encode_request_frame(kafka::MetadataRequest{}, 12, i, "tester")));
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  for (size_t at = 0; at < bytes.size(); at += 7)
    client.send_bytes(ByteView(bytes).subspan(at, std::min<size_t>(7, bytes.size() - at)));
  for (int i = 0; i < 3; ++i) client.receive<kafka::MetadataResponse>(12);
}

TEST_F(KafkaConnectionTest, LargeRequestsPassWhole) {
  create("t");
  KafkaTestClient client = connect();
  std::vector<uint8_t> batch = batch_of({std::string(3 << 20, 'x')});
  EXPECT_EQ(client.call<kafka::ProduceResponse>(produce(batch), 9).responses[0].partition_responses[0].base_offset, 0);
  kafka::FetchRequest request = fetch(1000);
  request.topics[0].partitions[0].partition_max_bytes = 1;
  kafka::FetchResponse got = client.call<kafka::FetchResponse>(request, 11);
  size_t bytes = 0;
  for (const Piece& piece : *got.responses[0].partitions[0].records) bytes += piece.size();
  EXPECT_EQ(bytes, batch.size());
}

TEST_F(KafkaConnectionTest, WithoutAcksNothingIsAnswered) {
  create("t");
  KafkaTestClient client = connect();
  std::vector<uint8_t> batch = batch_of({"a"});
  must(kafka::encode_request_frame(produce(batch, 0), 9, 1, "tester"));
  KafkaTestClient other = connect();
  std::vector<uint8_t> bytes = join_pieces(must(kafka::encode_request_frame(produce(batch, 0), 9, 77, "tester")));
  client.send_bytes(bytes);
  client.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);  // its correlation id is checked
  other.send_bytes(bytes);
  other.hang_up();  // the record counts all the same
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(stream("/main")->stream->state().topic_named("t")->partitions[0].next, 2);
}

TEST_F(KafkaConnectionTest, WithoutAcksAnErrorClosesTheConnection) {
  KafkaTestClient client = connect();
  std::vector<uint8_t> batch = batch_of({"a"});
  client.send(produce(batch, 0, "unknown"), 9);
  EXPECT_TRUE(client.closed());
}

TEST_F(KafkaConnectionTest, NonsenseClosesOnlyItsOwnConnection) {
  std::vector<std::vector<uint8_t>> nonsense;
  nonsense.push_back({'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1', '\r', '\n'});
  nonsense.push_back(raw(999, 0));                  // no such API
  nonsense.push_back(raw(24, 3));                   // not served
  nonsense.push_back(raw(3, 99));                   // no such version
  nonsense.push_back(raw(0, 2));                    // advertised for librdkafka's sake, but refused
  nonsense.push_back(raw(3, 12));                   // cut short
  nonsense.push_back({0xff, 0xff, 0xff, 0xff, 0});  // negative size
  nonsense.push_back({0, 0, 0, 2, 0, 0});           // no room for a header
  KafkaTestClient good = connect();
  good.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);
  for (const std::vector<uint8_t>& bytes : nonsense) {
    KafkaTestClient bad = connect();
    bad.send_bytes(bytes);
    EXPECT_TRUE(bad.closed()) << static_cast<int>(bytes[0]);
  }
  good.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(listener->connections(), 1u);
}

TEST_F(KafkaConnectionTest, TheFirstFrameMayBeLargeOnlyIfItsHeaderMakesSense) {
  KafkaTestClient bad = connect();
  std::vector<uint8_t> claim = raw(77, 0, 1 << 20);
  bad.send_bytes(ByteView(claim).first(8));
  EXPECT_TRUE(bad.closed());
  create("t");
  KafkaTestClient good = connect();
  std::vector<uint8_t> batch = batch_of({std::string(200'000, 'x')});
  EXPECT_EQ(good.call<kafka::ProduceResponse>(produce(batch), 9).responses[0].partition_responses[0].base_offset, 0);
}

TEST_F(KafkaConnectionTest, FramesBeyondTheLimitAreRefused) {
  KafkaTestClient client = connect();
  client.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);
  std::vector<uint8_t> claim = raw(0, 9);
  store_be<int32_t>(claim.data(), (100 << 20) + 1);
  client.send_bytes(claim);
  EXPECT_TRUE(client.closed());
}

TEST_F(KafkaConnectionTest, AWaitingRequestHoldsTheNextOnesBack) {
  create("t");
  KafkaTestClient client = connect();
  client.send(fetch(400), 11);
  client.send(kafka::MetadataRequest{}, 12);
  EXPECT_FALSE(client.answered_within(milliseconds(300)));
  client.receive<kafka::FetchResponse>(11);
  client.receive<kafka::MetadataResponse>(12);
}

TEST_F(KafkaConnectionTest, AClientThatGoesWhileItWaitsIsNoticed) {
  create("t");
  KafkaTestClient client = connect();
  client.send(fetch(290'000), 11);
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(listener->connections(), 1u);
  client.hang_up();
  sim.executor().run_for(seconds(1));
  EXPECT_EQ(listener->connections(), 0u);
}

TEST_F(KafkaConnectionTest, IdleConnectionsAreClosedAndWaitingOnesAreNot) {
  create("t");
  KafkaTestClient idle = connect();
  idle.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);
  sim.executor().run_for(std::chrono::minutes(9));
  EXPECT_EQ(listener->connections(), 1u);
  sim.executor().run_for(std::chrono::minutes(2));
  EXPECT_EQ(listener->connections(), 0u);
}

TEST_F(KafkaConnectionTest, StoppingEndsWaitingClients) {
  create("t");
  KafkaTestClient client = connect();
  client.send(fetch(290'000), 11);
  sim.executor().run_for(seconds(1));
  run(listener->stop());
  EXPECT_EQ(listener->connections(), 0u);
  EXPECT_TRUE(client.closed());
}

TEST_F(KafkaConnectionTest, ASlowReaderIsNotServedWithoutBound) {
  create("t");
  std::vector<uint8_t> batch = batch_of({std::string(1 << 20, 'x')});
  for (int i = 0; i < 4; ++i) BrokerHarness::produce("t", 0, batch);
  KafkaTestClient client = connect();
  kafka::FetchRequest request = fetch(0);
  request.topics[0].partitions[0].partition_max_bytes = 4 << 20;
  for (int i = 0; i < 40; ++i) client.send(request, 11);
  sim.executor().run_for(seconds(5));
  for (int i = 0; i < 40; ++i) {
    kafka::FetchResponse got = client.receive<kafka::FetchResponse>(11);
    ASSERT_EQ(got.responses.size(), 1u);
  }
}

TEST_F(KafkaConnectionTest, AnUnknownVersionOfApiVersionsIsToldWhatThereIs) {
  KafkaTestClient client = connect();
  std::vector<uint8_t> bytes = raw(18, 99, 16);
  store_be<int32_t>(bytes.data() + 8, 1);
  client.send_bytes(bytes);
  kafka::ApiVersionsResponse response = client.receive<kafka::ApiVersionsResponse>(0);
  EXPECT_EQ(response.error_code, kafka::ErrorCode::unsupported_version);
  EXPECT_EQ(response.api_keys.size(), kafka_apis().size());
}

TEST(KafkaRegistry, TheTableIsInOrderAndCompleteForWhatMustBeServed) {
  std::vector<int16_t> keys;
  for (const KafkaApi& api : kafka_apis()) {
    keys.push_back(static_cast<int16_t>(api.key));
    EXPECT_NE(kafka::find_api(api.key), nullptr);
    EXPECT_NE(api.handler, nullptr);
    EXPECT_EQ(find_kafka_api(api.key), &api);
  }
  EXPECT_TRUE(std::ranges::is_sorted(keys));
}

// Which APIs show or change something of a stream, and what they need for it. Whoever adds an API decides here too.
TEST(KafkaRegistry, EveryApiHasItsPermission) {
  std::map<kafka::ApiKey, std::optional<StreamAction>> expected{
      {kafka::ApiKey::produce, StreamAction::produce},
      {kafka::ApiKey::fetch, StreamAction::consume},
      {kafka::ApiKey::list_offsets, StreamAction::read_topics},
      {kafka::ApiKey::metadata, StreamAction::read_topics},
      {kafka::ApiKey::offset_commit, StreamAction::consume},
      {kafka::ApiKey::offset_fetch, StreamAction::read_topics},
      {kafka::ApiKey::find_coordinator, std::nullopt},
      {kafka::ApiKey::join_group, StreamAction::read_topics},
      {kafka::ApiKey::heartbeat, std::nullopt},
      {kafka::ApiKey::leave_group, std::nullopt},
      {kafka::ApiKey::sync_group, std::nullopt},
      {kafka::ApiKey::describe_groups, StreamAction::read_topics},
      {kafka::ApiKey::list_groups, StreamAction::read_topics},
      {kafka::ApiKey::api_versions, std::nullopt},
      {kafka::ApiKey::create_topics, StreamAction::change_topics},
      {kafka::ApiKey::delete_topics, StreamAction::change_topics},
      {kafka::ApiKey::init_producer_id, std::nullopt},
      {kafka::ApiKey::offset_for_leader_epoch, StreamAction::read_topics},
      {kafka::ApiKey::describe_configs, StreamAction::read_topics},
      {kafka::ApiKey::create_partitions, StreamAction::change_topics},
      {kafka::ApiKey::delete_records, StreamAction::delete_records},
      {kafka::ApiKey::alter_configs, StreamAction::change_topics},
      {kafka::ApiKey::incremental_alter_configs, StreamAction::change_topics},
      {kafka::ApiKey::describe_log_dirs, StreamAction::read_topics},
      {kafka::ApiKey::elect_leaders, StreamAction::change_topics},
      {kafka::ApiKey::alter_partition_reassignments, StreamAction::change_topics},
      {kafka::ApiKey::list_partition_reassignments, StreamAction::read_topics},
      {kafka::ApiKey::list_config_resources, StreamAction::read_topics},
      {kafka::ApiKey::describe_topic_partitions, StreamAction::read_topics},
      {kafka::ApiKey::delete_groups, StreamAction::delete_cursors},
      {kafka::ApiKey::offset_delete, StreamAction::delete_cursors},
      {kafka::ApiKey::describe_acls, std::nullopt},
      {kafka::ApiKey::create_acls, std::nullopt},
      {kafka::ApiKey::delete_acls, std::nullopt},
      {kafka::ApiKey::describe_cluster, std::nullopt},
      {kafka::ApiKey::describe_client_quotas, std::nullopt},
      {kafka::ApiKey::alter_client_quotas, std::nullopt},
      {kafka::ApiKey::describe_user_scram_credentials, std::nullopt},
      {kafka::ApiKey::describe_quorum, std::nullopt},
      {kafka::ApiKey::update_features, std::nullopt},
      {kafka::ApiKey::alter_replica_log_dirs, std::nullopt},
      {kafka::ApiKey::consumer_group_heartbeat, StreamAction::read_topics},
      {kafka::ApiKey::consumer_group_describe, StreamAction::read_topics},
      {kafka::ApiKey::add_partitions_to_txn, StreamAction::produce},
      {kafka::ApiKey::add_offsets_to_txn, StreamAction::consume},
      {kafka::ApiKey::end_txn, StreamAction::produce},
      {kafka::ApiKey::write_txn_markers, StreamAction::change_topics},
      {kafka::ApiKey::txn_offset_commit, StreamAction::consume},
      {kafka::ApiKey::describe_producers, StreamAction::read_topics},
      {kafka::ApiKey::describe_transactions, StreamAction::read_topics},
      {kafka::ApiKey::list_transactions, StreamAction::read_topics},
  };
  const std::set<kafka::ApiKey> of_administrators{
      kafka::ApiKey::describe_client_quotas, kafka::ApiKey::alter_client_quotas,
      kafka::ApiKey::describe_user_scram_credentials, kafka::ApiKey::alter_replica_log_dirs,
      kafka::ApiKey::update_features};
  EXPECT_EQ(expected.size(), kafka_apis().size());
  for (const KafkaApi& api : kafka_apis()) {
    auto row = expected.find(api.key);
    ASSERT_NE(row, expected.end()) << kafka::find_api(api.key)->name << " has no row";
    EXPECT_EQ(api.access.action, row->second) << kafka::find_api(api.key)->name;
    EXPECT_EQ(api.access.administrator, of_administrators.contains(api.key)) << kafka::find_api(api.key)->name;
  }
}

// The broker's errors are written as they are: their numbers must be the protocol's.
TEST(KafkaRegistry, ErrorsAreNumberedAsInTheProtocol) {
  const std::pair<KafkaError, kafka::ErrorCode> kPairs[] = {
      {KafkaError::unknown_server_error, kafka::ErrorCode::unknown_server_error},
      {KafkaError::none, kafka::ErrorCode::none},
      {KafkaError::offset_out_of_range, kafka::ErrorCode::offset_out_of_range},
      {KafkaError::corrupt_message, kafka::ErrorCode::corrupt_message},
      {KafkaError::unknown_topic_or_partition, kafka::ErrorCode::unknown_topic_or_partition},
      {KafkaError::not_leader_or_follower, kafka::ErrorCode::not_leader_or_follower},
      {KafkaError::request_timed_out, kafka::ErrorCode::request_timed_out},
      {KafkaError::message_too_large, kafka::ErrorCode::message_too_large},
      {KafkaError::offset_metadata_too_large, kafka::ErrorCode::offset_metadata_too_large},
      {KafkaError::coordinator_not_available, kafka::ErrorCode::coordinator_not_available},
      {KafkaError::invalid_topic_exception, kafka::ErrorCode::invalid_topic_exception},
      {KafkaError::invalid_required_acks, kafka::ErrorCode::invalid_required_acks},
      {KafkaError::illegal_generation, kafka::ErrorCode::illegal_generation},
      {KafkaError::inconsistent_group_protocol, kafka::ErrorCode::inconsistent_group_protocol},
      {KafkaError::invalid_group_id, kafka::ErrorCode::invalid_group_id},
      {KafkaError::unknown_member_id, kafka::ErrorCode::unknown_member_id},
      {KafkaError::invalid_session_timeout, kafka::ErrorCode::invalid_session_timeout},
      {KafkaError::rebalance_in_progress, kafka::ErrorCode::rebalance_in_progress},
      {KafkaError::topic_authorization_failed, kafka::ErrorCode::topic_authorization_failed},
      {KafkaError::group_authorization_failed, kafka::ErrorCode::group_authorization_failed},
      {KafkaError::cluster_authorization_failed, kafka::ErrorCode::cluster_authorization_failed},
      {KafkaError::unsupported_version, kafka::ErrorCode::unsupported_version},
      {KafkaError::topic_already_exists, kafka::ErrorCode::topic_already_exists},
      {KafkaError::invalid_partitions, kafka::ErrorCode::invalid_partitions},
      {KafkaError::invalid_replication_factor, kafka::ErrorCode::invalid_replication_factor},
      {KafkaError::invalid_replica_assignment, kafka::ErrorCode::invalid_replica_assignment},
      {KafkaError::invalid_config, kafka::ErrorCode::invalid_config},
      {KafkaError::invalid_request, kafka::ErrorCode::invalid_request},
      {KafkaError::unsupported_for_message_format, kafka::ErrorCode::unsupported_for_message_format},
      {KafkaError::policy_violation, kafka::ErrorCode::policy_violation},
      {KafkaError::out_of_order_sequence_number, kafka::ErrorCode::out_of_order_sequence_number},
      {KafkaError::invalid_producer_epoch, kafka::ErrorCode::invalid_producer_epoch},
      {KafkaError::operation_not_attempted, kafka::ErrorCode::operation_not_attempted},
      {KafkaError::transactional_id_authorization_failed, kafka::ErrorCode::transactional_id_authorization_failed},
      {KafkaError::kafka_storage_error, kafka::ErrorCode::kafka_storage_error},
      {KafkaError::non_empty_group, kafka::ErrorCode::non_empty_group},
      {KafkaError::group_id_not_found, kafka::ErrorCode::group_id_not_found},
      {KafkaError::fetch_session_id_not_found, kafka::ErrorCode::fetch_session_id_not_found},
      {KafkaError::invalid_fetch_session_epoch, kafka::ErrorCode::invalid_fetch_session_epoch},
      {KafkaError::fetch_session_topic_id_error, kafka::ErrorCode::fetch_session_topic_id_error},
      {KafkaError::fenced_leader_epoch, kafka::ErrorCode::fenced_leader_epoch},
      {KafkaError::unknown_leader_epoch, kafka::ErrorCode::unknown_leader_epoch},
      {KafkaError::unsupported_compression_type, kafka::ErrorCode::unsupported_compression_type},
      {KafkaError::member_id_required, kafka::ErrorCode::member_id_required},
      {KafkaError::group_max_size_reached, kafka::ErrorCode::group_max_size_reached},
      {KafkaError::fenced_instance_id, kafka::ErrorCode::fenced_instance_id},
      {KafkaError::election_not_needed, kafka::ErrorCode::election_not_needed},
      {KafkaError::no_reassignment_in_progress, kafka::ErrorCode::no_reassignment_in_progress},
      {KafkaError::group_subscribed_to_topic, kafka::ErrorCode::group_subscribed_to_topic},
      {KafkaError::fenced_member_epoch, kafka::ErrorCode::fenced_member_epoch},
      {KafkaError::unreleased_instance_id, kafka::ErrorCode::unreleased_instance_id},
      {KafkaError::unsupported_assignor, kafka::ErrorCode::unsupported_assignor},
      {KafkaError::stale_member_epoch, kafka::ErrorCode::stale_member_epoch},
      {KafkaError::invalid_regular_expression, kafka::ErrorCode::invalid_regular_expression},
      {KafkaError::invalid_record, kafka::ErrorCode::invalid_record},
      {KafkaError::unknown_topic_id, kafka::ErrorCode::unknown_topic_id},
      {KafkaError::mismatched_endpoint_type, kafka::ErrorCode::mismatched_endpoint_type},
      {KafkaError::unsupported_endpoint_type, kafka::ErrorCode::unsupported_endpoint_type},
  };
  for (const auto& [ours, theirs] : kPairs) EXPECT_EQ(to_wire(ours), theirs) << kafka::to_string(theirs);
}

TEST(KafkaRegistry, ErrorsOfTransactionsAreNumberedAsInTheProtocol) {
  const std::pair<KafkaError, kafka::ErrorCode> kPairs[] = {
      {KafkaError::invalid_txn_state, kafka::ErrorCode::invalid_txn_state},
      {KafkaError::invalid_producer_id_mapping, kafka::ErrorCode::invalid_producer_id_mapping},
      {KafkaError::invalid_transaction_timeout, kafka::ErrorCode::invalid_transaction_timeout},
      {KafkaError::concurrent_transactions, kafka::ErrorCode::concurrent_transactions},
      {KafkaError::unstable_offset_commit, kafka::ErrorCode::unstable_offset_commit},
      {KafkaError::producer_fenced, kafka::ErrorCode::producer_fenced},
      {KafkaError::transactional_id_not_found, kafka::ErrorCode::transactional_id_not_found},
      {KafkaError::transaction_abortable, kafka::ErrorCode::transaction_abortable},
  };
  for (const auto& [ours, theirs] : kPairs) EXPECT_EQ(to_wire(ours), theirs) << kafka::to_string(theirs);
}

}  // namespace
}  // namespace distributary
