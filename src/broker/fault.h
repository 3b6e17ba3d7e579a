// Why a request, or one partition of it, was refused: the protocol's own error, and words for people. Broker functions
// answer with these per item, because one request often half succeeds.
//
// The numbers are the protocol's; api/kafka writes them as they are. Our own ErrorCode becomes one of them in exactly
// one place, `fault_of`. Pure values: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace distributary {

enum class KafkaError : int16_t {
  unknown_server_error = -1,
  none = 0,
  offset_out_of_range = 1,
  corrupt_message = 2,
  unknown_topic_or_partition = 3,
  not_leader_or_follower = 6,
  request_timed_out = 7,
  message_too_large = 10,
  offset_metadata_too_large = 12,
  coordinator_not_available = 15,
  invalid_topic_exception = 17,
  invalid_required_acks = 21,
  illegal_generation = 22,
  inconsistent_group_protocol = 23,
  invalid_group_id = 24,
  unknown_member_id = 25,
  invalid_session_timeout = 26,
  rebalance_in_progress = 27,
  topic_authorization_failed = 29,
  group_authorization_failed = 30,
  cluster_authorization_failed = 31,
  unsupported_version = 35,
  topic_already_exists = 36,
  invalid_partitions = 37,
  invalid_replication_factor = 38,
  invalid_replica_assignment = 39,
  invalid_config = 40,
  invalid_request = 42,
  unsupported_for_message_format = 43,
  policy_violation = 44,
  out_of_order_sequence_number = 45,
  invalid_producer_epoch = 47,
  invalid_txn_state = 48,
  invalid_producer_id_mapping = 49,
  invalid_transaction_timeout = 50,
  concurrent_transactions = 51,
  transactional_id_authorization_failed = 53,
  operation_not_attempted = 55,
  kafka_storage_error = 56,
  non_empty_group = 68,
  group_id_not_found = 69,
  fetch_session_id_not_found = 70,
  invalid_fetch_session_epoch = 71,
  fenced_leader_epoch = 74,
  unknown_leader_epoch = 75,
  unsupported_compression_type = 76,
  member_id_required = 79,
  group_max_size_reached = 81,
  fenced_instance_id = 82,
  election_not_needed = 84,
  no_reassignment_in_progress = 85,
  group_subscribed_to_topic = 86,
  invalid_record = 87,
  unstable_offset_commit = 88,
  producer_fenced = 90,
  unknown_topic_id = 100,
  transactional_id_not_found = 105,
  fetch_session_topic_id_error = 106,
  fenced_member_epoch = 110,
  unreleased_instance_id = 111,
  unsupported_assignor = 112,
  stale_member_epoch = 113,
  mismatched_endpoint_type = 114,
  unsupported_endpoint_type = 115,
  transaction_abortable = 120,
  invalid_regular_expression = 128,
};

struct Fault {
  KafkaError error = KafkaError::none;
  std::string message;  // empty: nothing to add

  bool ok() const { return error == KafkaError::none; }
};

// What was being done when an Error came: the same code means different things to a client.
enum class Subject {
  topic,    // naming, finding, creating or changing a topic
  batch,    // the bytes of a record batch that a client sent
  append,   // putting it into the log
  storage,  // waiting for the disk, reading the log
  group,    // a consumer group
};

Fault fault_of(const Error& error, Subject subject);

}  // namespace distributary
