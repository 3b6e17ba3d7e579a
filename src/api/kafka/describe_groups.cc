#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/describe_groups.h"

namespace distributary {
namespace {
constexpr int16_t kNotFoundVersion = 6;  // before it, an unknown group is "Dead" and no error
}

Task<Result<KafkaAnswer>> handle_describe_groups(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeGroupsRequest asked, decode_request<kafka::DescribeGroupsRequest>(request));
  std::vector<GroupDescription> groups =
      co_await request.broker().groups().describe(std::move(asked.groups), request.caller);
  kafka::DescribeGroupsResponse response;
  response.groups.reserve(groups.size());
  for (GroupDescription& group : groups) {
    auto& out = response.groups.emplace_back();
    const bool tell = group.fault.error != KafkaError::group_id_not_found || request.version() >= kNotFoundVersion;
    if (tell) {
      out.error_code = to_wire(group.fault);
      out.error_message = message_of(group.fault);
    }
    out.group_id = std::move(group.id);
    out.group_state = std::move(group.state);
    out.protocol_type = std::move(group.protocol_type);
    out.protocol_data = std::move(group.protocol_name);
    for (GroupDescription::Member& member : group.members) {
      out.members.push_back({std::move(member.id), std::move(member.instance_id), std::move(member.client_id),
                             std::move(member.client_host), std::move(member.metadata), std::move(member.assignment)});
    }
    if (asked.include_authorized_operations && group.fault.ok()) out.authorized_operations = group_operations();
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
