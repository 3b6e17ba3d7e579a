#include "api/kafka/handlers.h"
#include "wire/kafka/delete_records.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_delete_records(const KafkaRequest& request) {
  CO_TRY(kafka::DeleteRecordsRequest asked, decode_request<kafka::DeleteRecordsRequest>(request));
  std::vector<RecordRemoval> removals;
  for (const auto& topic : asked.topics) {
    RecordRemoval& removal = removals.emplace_back();
    removal.topic.name = topic.name;
    for (const auto& partition : topic.partitions)
      removal.partitions.push_back({partition.partition_index, partition.offset});
  }
  std::vector<RemovedTopic> removed =
      co_await request.broker().record_remover().remove(removals, asked.timeout_ms, request.caller, request.stop);
  kafka::DeleteRecordsResponse response;
  for (size_t i = 0; i < removed.size(); ++i) {
    auto& topic = response.topics.emplace_back();
    topic.name = std::move(asked.topics[i].name);
    for (const RemovedRecords& partition : removed[i].partitions)
      topic.partitions.push_back({partition.partition, partition.log_start, to_wire(partition.fault)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
