#include "wire/kafka/incremental_alter_configs.h"

#include "api/kafka/config_resources.h"
#include "api/kafka/handlers.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_incremental_alter_configs(const KafkaRequest& request) {
  CO_TRY(kafka::IncrementalAlterConfigsRequest asked, decode_request<kafka::IncrementalAlterConfigsRequest>(request));
  std::vector<ResourceChange> resources;
  for (auto& resource : asked.resources) {
    ResourceChange& change = resources.emplace_back();
    change.type = resource.resource_type;
    change.name = resource.resource_name;
    for (auto& config : resource.configs) {
      change.changes.push_back(
          {static_cast<ConfigOperation>(config.config_operation), std::move(config.name), std::move(config.value)});
    }
  }
  std::vector<Fault> faults = co_await change_resources(request, resources, false, asked.validate_only);
  kafka::IncrementalAlterConfigsResponse response;
  for (size_t i = 0; i < faults.size(); ++i) {
    response.responses.push_back(
        {to_wire(faults[i]), message_of(faults[i]), resources[i].type, std::move(resources[i].name)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
