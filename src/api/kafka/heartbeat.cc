#include "api/kafka/handlers.h"
#include "wire/kafka/heartbeat.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_heartbeat(const KafkaRequest& request) {
  CO_TRY(kafka::HeartbeatRequest asked, decode_request<kafka::HeartbeatRequest>(request));
  MemberClaim claim{std::move(asked.group_id), std::move(asked.member_id), std::move(asked.group_instance_id),
                    asked.generation_id};
  kafka::HeartbeatResponse response;
  response.error_code = to_wire(request.broker().groups().heartbeat(claim));
  co_return encode_answer(request, response);
}

}  // namespace distributary
