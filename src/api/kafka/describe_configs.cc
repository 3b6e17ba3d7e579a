#include <algorithm>

#include <fmt/format.h>

#include "api/kafka/handlers.h"
#include "broker/topic_config.h"
#include "model/printable.h"
#include "wire/kafka/describe_configs.h"

namespace distributary {
namespace {

using Response = kafka::DescribeConfigsResponse;
enum ResourceType : int8_t { topic = 2, broker = 4 };

Fault refuse_resource(int8_t type) {
  return {KafkaError::invalid_request,
          fmt::format("settings of resource type {} are not served; topics (2) and the broker (4) are", type)};
}

std::vector<ConfigEntry> broker_configs(const KafkaRequest& request) {
  using Kind = ConfigEntry::Kind;
  const BrokerOptions& options = request.broker().options();
  const KafkaListenerOptions& listener = request.service.options;
  auto entry = [](std::string name, std::string value, Kind kind, std::string_view documentation) {
    return ConfigEntry{std::move(name), std::move(value), kind, ConfigEntry::Source::static_broker, true,
                       documentation};
  };
  return {
      entry("auto.create.topics.enable", options.auto_create_topics ? "true" : "false", Kind::boolean,
            "Whether a topic that is used is created, where its stream allows it too."),
      entry("broker.id", std::to_string(listener.node_id), Kind::int32, "Number of this node."),
      entry("fetch.max.bytes", std::to_string(options.fetch_bytes_max), Kind::int32,
            "Most bytes of one answer to a Fetch."),
      entry("group.initial.rebalance.delay.ms", std::to_string(options.group.initial_rebalance_delay.count()),
            Kind::int32, "How long the first rebalance of a group waits for more members."),
      entry("group.max.session.timeout.ms", std::to_string(options.group.session_timeout_max.count()), Kind::int32,
            "Longest session timeout a member may ask for."),
      entry("group.min.session.timeout.ms", std::to_string(options.group.session_timeout_min.count()), Kind::int32,
            "Shortest session timeout a member may ask for."),
      entry("kafka.default.stream", options.default_stream, Kind::string,
            "Stream of topic names that do not begin with '/'."),
      entry("max.incremental.fetch.session.cache.slots", std::to_string(options.fetch_sessions_max), Kind::int32,
            "Most fetch sessions kept at one time."),
      entry("message.max.bytes", std::to_string(options.batch.batch_bytes), Kind::int32, "Largest record batch."),
  };
}

Response::Config describe(ConfigEntry& entry, const kafka::DescribeConfigsRequest& asked) {
  Response::Config out;
  out.name = entry.name;
  out.value = entry.value;
  out.read_only = entry.read_only;
  out.config_source = static_cast<int8_t>(entry.source);
  out.config_type = static_cast<int8_t>(entry.kind);
  if (asked.include_synonyms) out.synonyms.push_back({entry.name, entry.value, static_cast<int8_t>(entry.source)});
  out.documentation = std::string(entry.documentation);
  if (!asked.include_documentation) out.documentation.reset();
  return out;
}

Task<Fault> topic_configs(const KafkaRequest& request, const std::string& name, std::vector<ConfigEntry>& out) {
  std::vector<TopicReference> topics{TopicReference{name, {}}};
  std::vector<TopicDescription> found =
      co_await request.broker().topics().describe(std::move(topics), false, request.caller, request.stop);
  const TopicDescription& topic = found.front();
  if (!topic.fault.ok()) co_return topic.fault;
  out =
      describe_topic_configs(topic.timestamp_type, topic.stream->record, request.broker().options().batch.batch_bytes);
  co_return Fault();
}

Task<Fault> configs_of(const KafkaRequest& request, const kafka::DescribeConfigsRequest::Resource& resource,
                       std::vector<ConfigEntry>& out) {
  const std::string& name = resource.resource_name;
  if (resource.resource_type == topic) co_return co_await topic_configs(request, name, out);
  if (resource.resource_type != broker) co_return refuse_resource(resource.resource_type);
  const std::string node = std::to_string(request.service.options.node_id);
  if (!name.empty() && name != node) {
    co_return Fault{KafkaError::invalid_request, fmt::format("the broker {} is not this node, {}", quoted(name), node)};
  }
  // The empty name asks for what all nodes share and was changed while running: nothing can be.
  if (!name.empty()) out = broker_configs(request);
  co_return Fault();
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_configs(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeConfigsRequest asked, decode_request<kafka::DescribeConfigsRequest>(request));
  Response response;
  for (const auto& resource : asked.resources) {
    std::vector<ConfigEntry> entries;
    Fault fault = co_await configs_of(request, resource, entries);
    Response::ResourceResult& out = response.results.emplace_back();
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
