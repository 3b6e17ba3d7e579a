#include "api/kafka/handlers.h"
#include "wire/kafka/describe_producers.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_describe_producers(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeProducersRequest asked, decode_request<kafka::DescribeProducersRequest>(request));
  std::vector<TransactionTopic> topics;
  for (auto& topic : asked.topics) topics.push_back({std::move(topic.name), std::move(topic.partition_indexes)});
  std::vector<std::vector<DescribedPartition>> described =
      co_await request.broker().transaction_admin().producers(topics, request.caller);
  kafka::DescribeProducersResponse response;
  for (size_t i = 0; i < topics.size(); ++i) {
    auto& topic = response.topics.emplace_back();
    topic.name = std::move(topics[i].name);
    for (const DescribedPartition& one : described[i]) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = one.partition;
      partition.error_code = to_wire(one.fault);
      partition.error_message = message_of(one.fault);
      for (const ActiveProducer& producer : one.producers) {
        partition.active_producers.push_back({.producer_id = producer.producer_id,
                                              .producer_epoch = producer.epoch,
                                              .last_sequence = producer.last_sequence,
                                              .last_timestamp = producer.last_appended,
                                              .coordinator_epoch = 0,
                                              .current_txn_start_offset = producer.transaction_start});
      }
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
