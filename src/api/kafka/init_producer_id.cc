#include "api/kafka/handlers.h"
#include "wire/kafka/init_producer_id.h"

namespace distributary {

// An id that the client brings is of no use without a transactional id: it gets a new one.
Task<Result<KafkaAnswer>> handle_init_producer_id(const KafkaRequest& request) {
  CO_TRY(kafka::InitProducerIdRequest asked, decode_request<kafka::InitProducerIdRequest>(request));
  kafka::InitProducerIdResponse response;
  response.producer_epoch = -1;
  if (asked.transactional_id) {
    response.error_code = asked.transactional_id->empty() ? kafka::ErrorCode::invalid_request
                                                          : kafka::ErrorCode::transactional_id_authorization_failed;
    co_return encode_answer(request, response);
  }
  Result<int64_t> id = co_await request.broker().producer_ids().next(request.gone);
  if (id) {
    response.producer_id = *id;
    response.producer_epoch = 0;
  } else {
    response.error_code = to_wire(fault_of(id.error(), Subject::group));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
