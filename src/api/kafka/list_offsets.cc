#include "api/kafka/handlers.h"
#include "wire/kafka/list_offsets.h"

namespace distributary {
namespace {

// First version that knows each special time.
int16_t version_of_time(int64_t time) {
  switch (time) {
    case kMaxTimestampTime: return 7;
    case kEarliestLocalTime: return 8;
    case kLatestTieredTime: return 9;
    case kEarliestPendingUploadTime: return 11;
    default: return 0;
  }
}

}  // namespace

Task<Result<KafkaAnswer>> handle_list_offsets(const KafkaRequest& request) {
  CO_TRY(kafka::ListOffsetsRequest asked, decode_request<kafka::ListOffsetsRequest>(request));
  std::vector<OffsetQuery> queries;
  queries.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) {
    OffsetQuery& query = queries.emplace_back();
    query.topic = {topic.name, {}};
    for (const auto& partition : topic.partitions) {
      query.partitions.push_back({partition.partition_index, partition.current_leader_epoch, partition.timestamp});
    }
  }
  std::vector<std::vector<OffsetAnswer>> answers =
      co_await request.broker().offsets().list(queries, request.caller, asked.isolation_level == 1);
  kafka::ListOffsetsResponse response;
  response.topics.reserve(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    kafka::ListOffsetsResponse::Topic& topic = response.topics.emplace_back();
    topic.name = asked.topics[i].name;
    for (size_t k = 0; k < answers[i].size(); ++k) {
      const OffsetAnswer& answer = answers[i][k];
      kafka::ListOffsetsResponse::Partition& partition = topic.partitions.emplace_back();
      partition.partition_index = answer.partition;
      if (version_of_time(asked.topics[i].partitions[k].timestamp) > request.version()) {
        partition.error_code = kafka::ErrorCode::unsupported_version;
        continue;
      }
      partition.error_code = to_wire(answer.fault);
      partition.timestamp = answer.timestamp;
      partition.offset = answer.offset;
      partition.leader_epoch = answer.leader_epoch;
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
