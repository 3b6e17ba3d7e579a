#include "api/kafka/handlers.h"
#include "wire/kafka/offset_for_leader_epoch.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_offset_for_leader_epoch(const KafkaRequest& request) {
  using Response = kafka::OffsetForLeaderEpochResponse;
  CO_TRY(kafka::OffsetForLeaderEpochRequest asked, decode_request<kafka::OffsetForLeaderEpochRequest>(request));
  std::vector<OffsetQuery> queries;
  queries.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) {
    OffsetQuery& query = queries.emplace_back();
    query.topic = {topic.topic, {}};
    for (const auto& partition : topic.partitions) {
      query.partitions.push_back(
          {partition.partition, partition.current_leader_epoch, kLatestTime, partition.leader_epoch});
    }
  }
  std::vector<std::vector<OffsetAnswer>> answers =
      co_await request.broker().offsets().find_epoch_ends(queries, request.caller);
  Response response;
  for (size_t i = 0; i < answers.size(); ++i) {
    auto& topic = response.topics.emplace_back();
    topic.topic = asked.topics[i].topic;
    for (const OffsetAnswer& answer : answers[i]) {
      auto& partition = topic.partitions.emplace_back();
      partition.error_code = to_wire(answer.fault);
      partition.partition = answer.partition;
      partition.leader_epoch = answer.leader_epoch;
      partition.end_offset = answer.offset;
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
