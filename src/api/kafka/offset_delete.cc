#include "api/kafka/handlers.h"
#include "wire/kafka/offset_delete.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_offset_delete(const KafkaRequest& request) {
  CO_TRY(kafka::OffsetDeleteRequest asked, decode_request<kafka::OffsetDeleteRequest>(request));
  std::vector<CursorQueryTopic> topics;
  for (const auto& topic : asked.topics) {
    CursorQueryTopic& query = topics.emplace_back();
    query.topic.name = topic.name;
    for (const auto& partition : topic.partitions) query.partitions.push_back(partition.partition_index);
  }
  Cursors::Removed removed =
      co_await request.broker().cursors().remove(asked.group_id, topics, request.caller, request.stop);
  kafka::OffsetDeleteResponse response;
  response.error_code = to_wire(removed.fault);
  for (size_t i = 0; i < removed.partitions.size(); ++i) {
    auto& topic = response.topics.emplace_back();
    topic.name = std::move(asked.topics[i].name);
    for (size_t k = 0; k < removed.partitions[i].size(); ++k) {
      topic.partitions.push_back({topics[i].partitions[k], to_wire(removed.partitions[i][k])});
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
