#include <algorithm>
#include <cctype>

#include "api/kafka/handlers.h"
#include "wire/kafka/list_groups.h"

namespace distributary {
namespace {

// No filter passes all; case does not matter.
bool passes(const std::vector<std::string>& filter, std::string_view value) {
  auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return filter.empty() || std::ranges::any_of(filter, [&](const std::string& wanted) {
           return std::ranges::equal(wanted, value, same);
         });
}

}  // namespace

Task<Result<KafkaAnswer>> handle_list_groups(const KafkaRequest& request) {
  CO_TRY(kafka::ListGroupsRequest asked, decode_request<kafka::ListGroupsRequest>(request));
  std::vector<GroupSummary> groups = co_await request.broker().groups().list(request.caller);
  kafka::ListGroupsResponse response;
  for (GroupSummary& group : groups) {
    if (!passes(asked.states_filter, group.state) || !passes(asked.types_filter, group.type)) continue;
    auto& out = response.groups.emplace_back();
    out.group_id = std::move(group.id);
    out.protocol_type = std::move(group.protocol_type);
    out.group_state = std::move(group.state);
    out.group_type = std::move(group.type);
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
