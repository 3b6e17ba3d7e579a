#include "api/kafka/handlers.h"
#include "wire/kafka/describe_transactions.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_describe_transactions(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeTransactionsRequest asked, decode_request<kafka::DescribeTransactionsRequest>(request));
  kafka::DescribeTransactionsResponse response;
  response.transaction_states.reserve(asked.transactional_ids.size());
  for (std::string& id : asked.transactional_ids) {
    TransactionDescription found =
        co_await request.broker().transaction_admin().describe(std::move(id), request.caller);
    auto& out = response.transaction_states.emplace_back();
    out.error_code = to_wire(found.fault);
    out.transactional_id = std::move(found.id);
    if (!found.fault.ok()) continue;
    out.transaction_state = found.state;
    out.transaction_timeout_ms = static_cast<int32_t>(found.timeout_ms);
    out.transaction_start_time_ms = found.started;
    out.producer_id = found.producer_id;
    out.producer_epoch = found.epoch;
    for (TransactionTopic& topic : found.topics)
      out.topics.push_back({std::move(topic.name), std::move(topic.partitions)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
