#include "api/kafka/handlers.h"
#include "wire/kafka/offset_commit.h"

namespace distributary {
namespace {

constexpr int16_t kMemberEpochsVersion = 9;

std::vector<CursorCommitTopic> read_topics(const kafka::OffsetCommitRequest& asked) {
  std::vector<CursorCommitTopic> topics;
  topics.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) {
    CursorCommitTopic& out = topics.emplace_back();
    out.topic = {topic.name, topic.topic_id};
    out.partitions.reserve(topic.partitions.size());
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back({partition.partition_index, partition.committed_offset, partition.committed_leader_epoch,
                                partition.committed_metadata.value_or("")});
    }
  }
  return topics;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_offset_commit(const KafkaRequest& request) {
  CO_TRY(kafka::OffsetCommitRequest asked, decode_request<kafka::OffsetCommitRequest>(request));
  MemberClaim claim{asked.group_id, asked.member_id, asked.group_instance_id, asked.generation_id_or_member_epoch};
  const CommitKind kind = request.version() >= kMemberEpochsVersion ? CommitKind::with_epochs : CommitKind::plain;
  const KafkaError refused = request.broker().groups().check_commit(claim, kind);
  std::vector<std::vector<Fault>> faults;
  if (refused == KafkaError::none) {
    std::vector<CursorCommitTopic> topics = read_topics(asked);
    faults = co_await request.broker().cursors().commit(asked.group_id, topics, request.caller, request.stop);
  }
  kafka::OffsetCommitResponse response;
  response.topics.reserve(asked.topics.size());
  for (size_t i = 0; i < asked.topics.size(); ++i) {
    auto& topic = response.topics.emplace_back();
    topic.name = std::move(asked.topics[i].name);
    topic.topic_id = asked.topics[i].topic_id;
    for (size_t k = 0; k < asked.topics[i].partitions.size(); ++k) {
      const KafkaError error = refused == KafkaError::none ? faults[i][k].error : refused;
      topic.partitions.push_back({asked.topics[i].partitions[k].partition_index, to_wire(error)});
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
