#include <algorithm>

#include "api/kafka/config_resources.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/list_config_resources.h"

namespace distributary {
namespace {

bool known(int8_t type) {
  switch (static_cast<ConfigResource>(type)) {
    case ConfigResource::topic:
    case ConfigResource::broker:
    case ConfigResource::broker_logger:
    case ConfigResource::client_metrics:
    case ConfigResource::group: return true;
  }
  return false;
}

}  // namespace

// Version 0 asks for client metrics only, of which there are none.
Task<Result<KafkaAnswer>> handle_list_config_resources(const KafkaRequest& request) {
  CO_TRY(kafka::ListConfigResourcesRequest asked, decode_request<kafka::ListConfigResourcesRequest>(request));
  kafka::ListConfigResourcesResponse response;
  const std::vector<int8_t>& types = asked.resource_types;
  if (!std::ranges::all_of(types, known)) {
    response.error_code = kafka::ErrorCode::unsupported_version;
    co_return encode_answer(request, response);
  }
  auto wanted = [&](ConfigResource resource) {
    const auto type = static_cast<int8_t>(resource);
    return request.version() > 0 && (types.empty() || std::ranges::find(types, type) != types.end());
  };
  auto add = [&](ConfigResource resource, std::string name) {
    response.config_resources.push_back({std::move(name), static_cast<int8_t>(resource)});
  };
  if (wanted(ConfigResource::topic)) {
    std::vector<TopicDescription> topics =
        co_await request.broker().topics().describe_all(request.caller, request.stop);
    for (TopicDescription& topic : topics) add(ConfigResource::topic, std::move(topic.name));
  }
  const std::string node = std::to_string(request.service.options.node_id);
  if (wanted(ConfigResource::broker)) add(ConfigResource::broker, node);
  if (wanted(ConfigResource::broker_logger)) add(ConfigResource::broker_logger, node);
  if (wanted(ConfigResource::group)) {
    for (std::string& name : request.broker().group_configs().names()) add(ConfigResource::group, std::move(name));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
