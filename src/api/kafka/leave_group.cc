#include "api/kafka/handlers.h"
#include "wire/kafka/leave_group.h"

namespace distributary {

// From version 3 on several members may leave at once, and each has an error of its own.
Task<Result<KafkaAnswer>> handle_leave_group(const KafkaRequest& request) {
  CO_TRY(kafka::LeaveGroupRequest asked, decode_request<kafka::LeaveGroupRequest>(request));
  GroupCoordinator& groups = request.broker().groups();
  kafka::LeaveGroupResponse response;
  if (asked.group_id.empty()) {
    response.error_code = kafka::ErrorCode::invalid_group_id;
  } else if (request.version() < 3) {
    MemberClaim claim{asked.group_id, std::move(asked.member_id), std::nullopt, -1};
    response.error_code = to_wire(groups.leave(claim));
  }
  if (response.error_code == kafka::ErrorCode::none) {
    for (auto& member : asked.members) {
      MemberClaim claim{asked.group_id, member.member_id, member.group_instance_id, -1};
      kafka::ErrorCode error = to_wire(groups.leave(claim));
      response.members.push_back({std::move(member.member_id), std::move(member.group_instance_id), error});
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
