#include "api/kafka/handlers.h"
#include "wire/kafka/write_txn_markers.h"

namespace distributary {

// Served for administrators who abort a transaction that hangs. To commit one is its producer's alone.
Task<Result<KafkaAnswer>> handle_write_txn_markers(const KafkaRequest& request) {
  CO_TRY(kafka::WriteTxnMarkersRequest asked, decode_request<kafka::WriteTxnMarkersRequest>(request));
  kafka::WriteTxnMarkersResponse response;
  for (auto& marker : asked.markers) {
    std::vector<TransactionTopic> topics;
    for (auto& topic : marker.topics) topics.push_back({std::move(topic.name), std::move(topic.partition_indexes)});
    std::vector<std::vector<Fault>> faults;
    if (!marker.transaction_result) {
      faults = co_await request.broker().transaction_admin().abort(marker.producer_id, marker.producer_epoch, topics,
                                                                   request.caller, request.stop);
    }
    auto& out = response.markers.emplace_back();
    out.producer_id = marker.producer_id;
    for (size_t i = 0; i < topics.size(); ++i) {
      auto& topic = out.topics.emplace_back();
      topic.name = std::move(topics[i].name);
      for (size_t k = 0; k < topics[i].partitions.size(); ++k) {
        const kafka::ErrorCode error =
            marker.transaction_result ? kafka::ErrorCode::invalid_request : to_wire(faults[i][k]);
        topic.partitions.push_back({topics[i].partitions[k], error});
      }
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
