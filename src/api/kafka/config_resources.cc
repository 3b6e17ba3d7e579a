#include "api/kafka/config_resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "model/printable.h"

namespace distributary {
namespace {

ConfigEntry fixed(std::string name, std::string value, ConfigKind kind, ConfigSource source,
                  std::string_view documentation) {
  ConfigEntry entry{std::move(name), std::move(value), kind, source, true, documentation, {}};
  entry.synonyms.push_back({entry.name, entry.value, source});
  return entry;
}

std::vector<ConfigEntry> broker_configs(const KafkaRequest& request) {
  const BrokerOptions& options = request.broker().options();
  const KafkaListenerOptions& listener = request.service.options;
  auto text = [](std::string name, std::string value, std::string_view documentation) {
    return fixed(std::move(name), std::move(value), ConfigKind::string, ConfigSource::static_broker, documentation);
  };
  auto number = [](std::string name, auto value, std::string_view documentation) {
    return fixed(std::move(name), std::to_string(value), ConfigKind::int32, ConfigSource::static_broker, documentation);
  };
  auto flag = [](std::string name, bool value, std::string_view documentation) {
    return fixed(std::move(name), value ? "true" : "false", ConfigKind::boolean, ConfigSource::static_broker,
                 documentation);
  };
  return {
      flag("auto.create.topics.enable", options.auto_create_topics,
           "Whether a topic that is used is created, where its stream allows it too."),
      number("broker.id", listener.node_id, "Number of this node."),
      number("default.replication.factor", 1,
             "Copies are made by the storage engine and by replicas of streams, not by brokers."),
      flag("delete.topic.enable", true, "Topics can be deleted."),
      number("fetch.max.bytes", options.fetch_bytes_max, "Most bytes of one answer to a Fetch."),
      number("group.initial.rebalance.delay.ms", options.group.initial_rebalance_delay.count(),
             "How long the first rebalance of a group waits for more members."),
      number("group.max.session.timeout.ms", options.group.session_timeout_max.count(),
             "Longest session timeout a member may ask for."),
      number("group.min.session.timeout.ms", options.group.session_timeout_min.count(),
             "Shortest session timeout a member may ask for."),
      text("kafka.default.stream", options.default_stream, "Stream of topic names that do not begin with '/'."),
      number("max.incremental.fetch.session.cache.slots", options.fetch_sessions_max,
             "Most fetch sessions kept at one time."),
      number("message.max.bytes", options.batch.batch_bytes,
             "Largest record batch, where its topic says nothing else."),
  };
}

std::vector<ConfigEntry> logger_configs() {
  std::string level = "INFO";
  switch (log_level()) {
    case LogLevel::debug: level = "DEBUG"; break;
    case LogLevel::info: break;
    case LogLevel::warn: level = "WARN"; break;
    case LogLevel::error: level = "ERROR"; break;
  }
  return {fixed(std::string(kRootLogger), std::move(level), ConfigKind::string, ConfigSource::broker_logger,
                "Level of what this node logs, for all modules (-log-level).")};
}

Fault refuse_type(int8_t type) {
  return {KafkaError::invalid_request,
          fmt::format("settings of resource type {} are not served; those of topics (2), brokers (4) and broker "
                      "loggers (8) are",
                      type)};
}

// The name of a broker's resource is its number; of its settings, an empty one stands for what all brokers share.
Fault check_node(const KafkaRequest& request, int8_t type, const std::string& name) {
  const std::string node = std::to_string(request.service.options.node_id);
  if (name == node || (name.empty() && type == static_cast<int8_t>(ConfigResource::broker))) return {};
  return {KafkaError::invalid_request, fmt::format("the broker {} is not this node, {}", quoted(name), node)};
}

bool is(int8_t type, ConfigResource resource) { return type == static_cast<int8_t>(resource); }

Task<Fault> describe_topic(const KafkaRequest& request, const std::string& name, std::vector<ConfigEntry>& out) {
  std::vector<TopicReference> topics{TopicReference{name, {}}};
  TopicAdmin& admin = request.broker().topics();
  std::vector<TopicDescription> found = co_await admin.describe(std::move(topics), false, request.caller, request.stop);
  const TopicDescription& topic = found.front();
  if (!topic.fault.ok()) co_return topic.fault;
  out = describe_topic_configs(&topic.settings, topic.timestamp_type, admin.defaults(topic.stream->record));
  co_return Fault();
}

// Nothing of a broker can be set while it runs, so there is nothing to give back either.
Fault refuse_change(const KafkaRequest& request, const ResourceChange& resource) {
  const bool broker = is(resource.type, ConfigResource::broker);
  if (!broker && !is(resource.type, ConfigResource::broker_logger)) return refuse_type(resource.type);
  Fault fault = check_node(request, resource.type, resource.name);
  auto sets = [](const ConfigChange& change) { return change.operation != ConfigOperation::remove; };
  auto refused = std::ranges::find_if(resource.changes, sets);
  if (!fault.ok() || refused == resource.changes.end()) return fault;
  return {KafkaError::invalid_request,
          fmt::format("{} cannot be changed while the node runs: it is given when the node is started",
                      quoted(refused->name))};
}

}  // namespace

Task<Fault> describe_resource(const KafkaRequest& request, int8_t type, const std::string& name,
                              std::vector<ConfigEntry>& out) {
  if (is(type, ConfigResource::topic)) co_return co_await describe_topic(request, name, out);
  if (!is(type, ConfigResource::broker) && !is(type, ConfigResource::broker_logger)) co_return refuse_type(type);
  Fault fault = check_node(request, type, name);
  // The empty name asks for what all brokers share and was changed while running: nothing can be.
  if (!fault.ok() || name.empty()) co_return fault;
  out = is(type, ConfigResource::broker) ? broker_configs(request) : logger_configs();
  co_return fault;
}

Task<std::vector<Fault>> change_resources(const KafkaRequest& request, const std::vector<ResourceChange>& resources,
                                          bool replace, bool validate_only) {
  std::vector<Fault> out(resources.size());
  std::vector<TopicAdmin::Reconfiguration> topics;
  std::vector<size_t> places;  // of `topics` in `out`
  for (size_t i = 0; i < resources.size(); ++i) {
    const ResourceChange& resource = resources[i];
    auto same = [&](const ResourceChange& other) { return other.type == resource.type && other.name == resource.name; };
    if (std::ranges::count_if(resources, same) > 1) {
      out[i] = {KafkaError::invalid_request, "the request names this resource more than once"};
    } else if (is(resource.type, ConfigResource::topic)) {
      topics.push_back({{resource.name, {}}, replace, resource.changes});
      places.push_back(i);
    } else {
      out[i] = refuse_change(request, resource);
    }
  }
  std::vector<TopicDescription> changed =
      co_await request.broker().topics().reconfigure(topics, validate_only, request.caller, request.stop);
  for (size_t i = 0; i < changed.size(); ++i) out[places[i]] = std::move(changed[i].fault);
  co_return out;
}

}  // namespace distributary
