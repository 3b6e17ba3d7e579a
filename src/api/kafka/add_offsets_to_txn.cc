#include "api/kafka/handlers.h"
#include "api/kafka/transaction_errors.h"
#include "wire/kafka/add_offsets_to_txn.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_add_offsets_to_txn(const KafkaRequest& request) {
  CO_TRY(kafka::AddOffsetsToTxnRequest asked, decode_request<kafka::AddOffsetsToTxnRequest>(request));
  ProducerClaim claim{std::move(asked.transactional_id), asked.producer_id, asked.producer_epoch};
  Fault fault = co_await request.broker().transactions().add_group(std::move(claim), request.caller);
  kafka::AddOffsetsToTxnResponse response;
  response.error_code = transaction_error(fault, request.version());
  co_return encode_answer(request, response);
}

}  // namespace distributary
