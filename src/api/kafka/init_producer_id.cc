#include "api/kafka/handlers.h"
#include "wire/kafka/init_producer_id.h"

namespace distributary {
namespace {

constexpr int16_t kFencedVersion = 4;  // knows producer_fenced

KafkaError init_error_of(const Fault& fault, int16_t version) {
  const bool unknown = fault.error == KafkaError::producer_fenced && version < kFencedVersion;
  return unknown ? KafkaError::invalid_producer_epoch : fault.error;
}

// Without a transactional id an id that the client brings is of no use: it gets a new one.
Task<ProducerPair> begin_idempotent(const KafkaRequest& request) {
  ProducerPair pair;
  Result<int64_t> id = co_await request.broker().producer_ids().next(request.gone);
  if (id) {
    pair.producer_id = *id;
    pair.epoch = 0;
  } else {
    pair.fault = fault_of(id.error(), Subject::group);
  }
  co_return pair;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_init_producer_id(const KafkaRequest& request) {
  CO_TRY(kafka::InitProducerIdRequest asked, decode_request<kafka::InitProducerIdRequest>(request));
  ProducerPair pair;
  if (asked.transactional_id) {
    InitTransactions begin{std::move(*asked.transactional_id), asked.transaction_timeout_ms, asked.producer_id,
                           asked.producer_epoch};
    pair = co_await request.broker().transactions().begin(std::move(begin), request.caller, request.stop);
  } else {
    pair = co_await begin_idempotent(request);
  }
  kafka::InitProducerIdResponse response;
  response.error_code = to_wire(init_error_of(pair.fault, request.version()));
  response.producer_id = pair.producer_id;
  response.producer_epoch = pair.epoch;
  co_return encode_answer(request, response);
}

}  // namespace distributary
