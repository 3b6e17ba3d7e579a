#include "api/kafka/handlers.h"
#include "wire/kafka/txn_offset_commit.h"

namespace distributary {
namespace {

constexpr int16_t kMembersVersion = 3;          // names the member that commits
constexpr int16_t kAbortableCommitVersion = 4;  // knows transaction_abortable

std::vector<CursorCommitTopic> read_topics(const kafka::TxnOffsetCommitRequest& asked) {
  std::vector<CursorCommitTopic> topics;
  topics.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) {
    CursorCommitTopic& out = topics.emplace_back();
    out.topic = {topic.name, {}};
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back({partition.partition_index, partition.committed_offset, partition.committed_leader_epoch,
                                partition.committed_metadata.value_or("")});
    }
  }
  return topics;
}

KafkaError commit_error_of(const Fault& fault, int16_t version) {
  if (fault.error == KafkaError::producer_fenced) return KafkaError::invalid_producer_epoch;
  const bool abortable = fault.error == KafkaError::policy_violation || fault.error == KafkaError::invalid_txn_state;
  return abortable && version >= kAbortableCommitVersion ? KafkaError::transaction_abortable : fault.error;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_txn_offset_commit(const KafkaRequest& request) {
  CO_TRY(kafka::TxnOffsetCommitRequest asked, decode_request<kafka::TxnOffsetCommitRequest>(request));
  KafkaError refused = KafkaError::none;
  if (request.version() >= kMembersVersion) {
    MemberClaim member{asked.group_id, asked.member_id, asked.group_instance_id, asked.generation_id_or_member_epoch};
    refused = request.broker().groups().check_commit(member, CommitKind::transactional);
  }
  std::vector<std::vector<Fault>> faults;
  if (refused == KafkaError::none) {
    ProducerClaim claim{std::move(asked.transactional_id), asked.producer_id, asked.producer_epoch};
    std::vector<CursorCommitTopic> topics = read_topics(asked);
    faults = co_await request.broker().transactions().add_positions(std::move(claim), asked.group_id, topics,
                                                                    request.caller, request.stop);
  }
  kafka::TxnOffsetCommitResponse response;
  response.topics.reserve(asked.topics.size());
  for (size_t i = 0; i < asked.topics.size(); ++i) {
    kafka::TxnOffsetCommitResponse::Topic& topic = response.topics.emplace_back();
    topic.name = std::move(asked.topics[i].name);
    for (size_t k = 0; k < asked.topics[i].partitions.size(); ++k) {
      const KafkaError error = refused == KafkaError::none ? commit_error_of(faults[i][k], request.version()) : refused;
      topic.partitions.push_back({asked.topics[i].partitions[k].partition_index, to_wire(error)});
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
