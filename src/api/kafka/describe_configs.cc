#include <algorithm>

#include "api/kafka/config_resources.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/describe_configs.h"

namespace distributary {
namespace {

kafka::DescribeConfigsResponse::Config describe(ConfigEntry& entry, const kafka::DescribeConfigsRequest& asked) {
  kafka::DescribeConfigsResponse::Config out;
  out.name = std::move(entry.name);
  out.value = std::move(entry.value);
  out.read_only = entry.read_only;
  out.config_source = static_cast<int8_t>(entry.source);
  out.config_type = static_cast<int8_t>(entry.kind);
  if (asked.include_synonyms) {
    for (ConfigSynonym& synonym : entry.synonyms)
      out.synonyms.push_back({std::move(synonym.name), std::move(synonym.value), static_cast<int8_t>(synonym.source)});
  }
  if (asked.include_documentation) out.documentation = std::string(entry.documentation);
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_configs(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeConfigsRequest asked, decode_request<kafka::DescribeConfigsRequest>(request));
  kafka::DescribeConfigsResponse response;
  for (const auto& resource : asked.resources) {
    std::vector<ConfigEntry> entries;
    Fault fault = co_await describe_resource(request, resource.resource_type, resource.resource_name, entries);
    kafka::DescribeConfigsResponse::ResourceResult& out = response.results.emplace_back();
    out.error_code = to_wire(fault);
    out.error_message = message_of(fault);
    out.resource_type = resource.resource_type;
    out.resource_name = resource.resource_name;
    for (ConfigEntry& entry : entries) {
      const auto& keys = resource.configuration_keys;
      const bool wanted = !keys || keys->empty() || std::ranges::find(*keys, entry.name) != keys->end();
      if (wanted) out.configs.push_back(describe(entry, asked));
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
