#include "api/kafka/handlers.h"
#include "api/kafka/transaction_errors.h"
#include "wire/kafka/add_partitions_to_txn.h"

namespace distributary {

// Only the form that clients use is advertised: the other is between Kafka's brokers.
Task<Result<KafkaAnswer>> handle_add_partitions_to_txn(const KafkaRequest& request) {
  CO_TRY(kafka::AddPartitionsToTxnRequest asked, decode_request<kafka::AddPartitionsToTxnRequest>(request));
  ProducerClaim claim{std::move(asked.transactional_id), asked.producer_id, asked.producer_epoch};
  std::vector<TransactionTopic> topics;
  topics.reserve(asked.topics.size());
  for (auto& topic : asked.topics) topics.push_back({std::move(topic.name), std::move(topic.partitions)});
  std::vector<std::vector<Fault>> faults =
      co_await request.broker().transactions().add_partitions(std::move(claim), topics, request.caller, request.stop);
  kafka::AddPartitionsToTxnResponse response;
  for (size_t i = 0; i < topics.size(); ++i) {
    auto& topic = response.results_by_topic.emplace_back();
    topic.name = std::move(topics[i].name);
    for (size_t k = 0; k < topics[i].partitions.size(); ++k)
      topic.results_by_partition.push_back(
          {topics[i].partitions[k], transaction_error(faults[i][k], request.version())});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
