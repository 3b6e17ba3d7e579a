#include "api/kafka/config_resources.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/alter_configs.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_alter_configs(const KafkaRequest& request) {
  CO_TRY(kafka::AlterConfigsRequest asked, decode_request<kafka::AlterConfigsRequest>(request));
  std::vector<ResourceChange> resources;
  for (auto& resource : asked.resources) {
    ResourceChange& change = resources.emplace_back();
    change.type = resource.resource_type;
    change.name = resource.resource_name;
    for (auto& config : resource.configs) {
      change.changes.push_back({ConfigOperation::set, std::move(config.name), std::move(config.value)});
    }
  }
  std::vector<Fault> faults = co_await change_resources(request, resources, true, asked.validate_only);
  kafka::AlterConfigsResponse response;
  for (size_t i = 0; i < faults.size(); ++i) {
    response.responses.push_back(
        {to_wire(faults[i]), message_of(faults[i]), resources[i].type, std::move(resources[i].name)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
