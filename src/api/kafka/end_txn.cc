#include "api/kafka/handlers.h"
#include "api/kafka/transaction_errors.h"
#include "wire/kafka/end_txn.h"

namespace distributary {
namespace {
constexpr int16_t kRaisesEpochVersion = 5;  // KIP-890: the answer is the pair for the next transaction
}

Task<Result<KafkaAnswer>> handle_end_txn(const KafkaRequest& request) {
  CO_TRY(kafka::EndTxnRequest asked, decode_request<kafka::EndTxnRequest>(request));
  ProducerClaim claim{std::move(asked.transactional_id), asked.producer_id, asked.producer_epoch};
  const bool raises = request.version() >= kRaisesEpochVersion;
  ProducerPair next = co_await request.broker().transactions().end(std::move(claim), asked.committed, raises,
                                                                   request.caller, request.stop);
  kafka::EndTxnResponse response;
  response.error_code = transaction_error(next.fault, request.version());
  if (raises) {
    response.producer_id = next.producer_id;
    response.producer_epoch = next.epoch;
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
