#include "api/kafka/config_resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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
  const std::string listeners = fmt::format("PLAINTEXT://{}:{}", listener.advertised.host, listener.advertised.port);
  return {
      text("advertised.listeners", listeners, "Where clients find this node."),
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

// The empty name stands for what all brokers share and was given while they ran.
std::vector<ConfigEntry> all_broker_configs(const KafkaRequest& request, const std::string& name) {
  std::vector<ConfigEntry> all = request.broker().broker_configs().describe(name);
  if (name.empty()) return all;
  std::ranges::move(broker_configs(request), std::back_inserter(all));
  std::ranges::sort(all, {}, &ConfigEntry::name);
  return all;
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
  return {
      KafkaError::invalid_request,
      fmt::format("settings of resource type {} are not served; those of topics (2), brokers (4), broker loggers (8) "
                  "and groups (32) are",
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

// `out`: the changes of what can be set while a broker runs. Of all else nothing can, so there is nothing to give back
// either.
Fault select_broker_changes(const KafkaRequest& request, const ResourceChange& resource,
                            std::vector<ConfigChange>& out) {
  Fault fault = check_node(request, resource.type, resource.name);
  const bool broker = is(resource.type, ConfigResource::broker);
  for (const ConfigChange& change : resource.changes) {
    if (broker && request.broker().broker_configs().knows(change.name)) {
      out.push_back(change);
    } else if (fault.ok() && change.operation != ConfigOperation::remove) {
      fault = {KafkaError::invalid_request,
               fmt::format("{} cannot be changed while the node runs: it is given when the node is started",
                           quoted(change.name))};
    }
  }
  return fault;
}

Fault check_group(const std::string& name) {
  if (!name.empty()) return {};
  return {KafkaError::invalid_request,
          "a group has a name; settings for all groups are given when the node is started"};
}

// Of a resource that is no topic.
Task<Fault> change_resource(const KafkaRequest& request, const ResourceChange& resource, bool replace,
                            bool validate_only) {
  const bool group = is(resource.type, ConfigResource::group);
  const bool broker = is(resource.type, ConfigResource::broker);
  if (!group && !broker && !is(resource.type, ConfigResource::broker_logger)) co_return refuse_type(resource.type);
  std::vector<ConfigChange> changes;
  if (group) changes = resource.changes;
  Fault fault = group ? check_group(resource.name) : select_broker_changes(request, resource, changes);
  if (!fault.ok() || (!group && !broker)) co_return fault;
  Status allowed = request.broker().directory().check_administrator(request.caller);
  if (!allowed && group) co_return Fault{KafkaError::group_authorization_failed, allowed.error().message};
  if (!allowed) co_return Fault{KafkaError::cluster_authorization_failed, allowed.error().message};
  ResourceConfigs& configs = group ? request.broker().group_configs() : request.broker().broker_configs();
  std::string name = resource.name;
  co_return co_await configs.change(std::move(name), std::move(changes), replace, validate_only);
}

}  // namespace

Task<Fault> describe_resource(const KafkaRequest& request, int8_t type, const std::string& name,
                              std::vector<ConfigEntry>& out) {
  if (is(type, ConfigResource::topic)) co_return co_await describe_topic(request, name, out);
  if (is(type, ConfigResource::group)) {
    Fault unnamed = check_group(name);
    if (unnamed.ok()) out = request.broker().group_configs().describe(name);
    co_return unnamed;
  }
  if (!is(type, ConfigResource::broker) && !is(type, ConfigResource::broker_logger)) co_return refuse_type(type);
  Fault fault = check_node(request, type, name);
  if (fault.ok()) out = is(type, ConfigResource::broker) ? all_broker_configs(request, name) : logger_configs();
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
      Fault fault = co_await change_resource(request, resource, replace, validate_only);
      out[i] = std::move(fault);
    }
  }
  std::vector<TopicDescription> changed =
      co_await request.broker().topics().reconfigure(topics, validate_only, request.caller, request.stop);
  for (size_t i = 0; i < changed.size(); ++i) out[places[i]] = std::move(changed[i].fault);
  co_return out;
}

}  // namespace distributary
