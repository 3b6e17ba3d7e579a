#include "api/kafka/handlers.h"
#include "wire/kafka/delete_groups.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_delete_groups(const KafkaRequest& request) {
  CO_TRY(kafka::DeleteGroupsRequest asked, decode_request<kafka::DeleteGroupsRequest>(request));
  std::vector<std::string> ids = asked.groups_names;
  std::vector<Fault> faults = co_await request.broker().groups().remove(std::move(ids), request.caller, request.stop);
  kafka::DeleteGroupsResponse response;
  for (size_t i = 0; i < faults.size(); ++i) {
    response.results.push_back({std::move(asked.groups_names[i]), to_wire(faults[i])});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
