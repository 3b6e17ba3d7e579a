#include "broker/fault.h"

namespace distributary {
namespace {

KafkaError kafka_error(ErrorCode code, Subject subject) {
  const bool batch = subject == Subject::batch;
  const bool append = subject == Subject::append;
  const bool group = subject == Subject::group;
  const bool storage = subject == Subject::storage;
  switch (code) {
    case ErrorCode::invalid_argument:
      if (batch || append) return KafkaError::invalid_record;
      return subject == Subject::topic ? KafkaError::invalid_topic_exception : KafkaError::invalid_request;
    case ErrorCode::not_found: return group ? KafkaError::group_id_not_found : KafkaError::unknown_topic_or_partition;
    case ErrorCode::already_exists: return KafkaError::topic_already_exists;
    case ErrorCode::permission_denied:
      return group ? KafkaError::group_authorization_failed : KafkaError::topic_authorization_failed;
    case ErrorCode::unauthenticated: return KafkaError::cluster_authorization_failed;
    case ErrorCode::unsupported:
      return batch ? KafkaError::unsupported_for_message_format : KafkaError::unknown_server_error;
    case ErrorCode::out_of_range: return KafkaError::offset_out_of_range;
    case ErrorCode::too_large:
      if (batch || append) return KafkaError::message_too_large;
      return subject == Subject::topic ? KafkaError::invalid_topic_exception : KafkaError::invalid_request;
    case ErrorCode::corrupt:  // of a client's bytes it may try again; of ours it is damage
      return batch ? KafkaError::corrupt_message : KafkaError::kafka_storage_error;
    case ErrorCode::conflict: return append ? KafkaError::out_of_order_sequence_number : KafkaError::invalid_request;
    case ErrorCode::fenced:  // of an append: the producer's epoch; else the stream has a new owner
      return append ? KafkaError::invalid_producer_epoch : KafkaError::not_leader_or_follower;
    case ErrorCode::storage_full:
    case ErrorCode::io:
    case ErrorCode::diverged:
    case ErrorCode::gap: return KafkaError::kafka_storage_error;
    case ErrorCode::unavailable:
    case ErrorCode::cancelled:
    case ErrorCode::closed:
      return group && !storage ? KafkaError::coordinator_not_available : KafkaError::not_leader_or_follower;
    case ErrorCode::timed_out: return KafkaError::request_timed_out;
    case ErrorCode::not_owner:  // final for clients: they must not try again here
      return KafkaError::policy_violation;
  }
  return KafkaError::unknown_server_error;
}

}  // namespace

Fault fault_of(const Error& error, Subject subject) { return {kafka_error(error.code, subject), error.message}; }

}  // namespace distributary
