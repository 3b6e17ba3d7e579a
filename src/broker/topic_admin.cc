#include "broker/topic_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/path.h"
#include "model/printable.h"

namespace distributary {
namespace {

void fill(TopicDescription& out, const Topic& topic) {
  out.timestamp_type = topic.timestamp_type;
  out.settings = topic.own_settings();
  out.fault = {};
  out.id = topic.id;
  out.partitions = static_cast<uint32_t>(topic.partitions.size());
  out.leader_epoch = topic.leader_epoch;
}

}  // namespace

SteadyTime TopicAdmin::deadline() const { return context_.world.clock().now() + context_.options.durable_wait_max; }

Task<void> TopicAdmin::settle(DurableWait& wait, std::vector<TopicDescription>& out, std::stop_token stop) {
  Status settled = co_await wait.wait(deadline(), stop);
  if (settled) co_return;
  for (TopicDescription& description : out) {
    const Error* error = description.stream ? wait.failed(description.stream.get()) : nullptr;
    if (error != nullptr && description.fault.ok()) description.fault = fault_of(*error, Subject::storage);
  }
}

Task<std::vector<TopicDescription>> TopicAdmin::describe_all(const Caller& caller, std::stop_token stop) {
  std::vector<TopicDescription> out;
  DurableWait wait;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    const StreamState& state = stream->stream->state();
    for (const auto& [name, ordinal] : state.names()) {
      const Topic* topic = state.topic_at(ordinal);
      if (topic == nullptr) continue;
      TopicDescription& description = out.emplace_back();
      description.name = context_.directory.names().display(stream->record.path, name);
      fill(description, *topic);
      description.stream = stream;
    }
    wait.add_all(stream);
  }
  co_await settle(wait, out, stop);
  co_return out;
}

Result<Lsn> TopicAdmin::create_automatically(const FoundTopic& found, const Caller& caller, TopicDescription& out) {
  const StreamRecord& record = found.stream->record;
  const bool may = context_.directory.allowed(caller, record, StreamAction::produce) ||
                   context_.directory.allowed(caller, record, StreamAction::change_topics);
  if (!may || !context_.options.auto_create_topics || !record.settings.autocreate || !record.upstreams.empty())
    return Lsn{0};
  TRY_STATUS(check_topic_name(found.name));
  Stream& stream = *found.stream->stream;
  TRY(Stream::CreatedTopic created,
      stream.create_topic(found.name, record.settings.default_partitions, record.settings.timestamp_type));
  fill(out, *stream.state().topic(created.id));
  return created.lsn;
}

Task<std::vector<TopicDescription>> TopicAdmin::describe(std::vector<TopicReference> topics, bool auto_create,
                                                         const Caller& caller, std::stop_token stop) {
  std::vector<TopicDescription> out(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    TopicDescription& description = out[i];
    description.name = std::string(topics[i].name);
    description.id = topics[i].id;
    FoundTopic found = co_await lookup.find(topics[i]);
    description.fault = found.fault;
    description.stream = found.stream;
    if (found.topic != nullptr) {
      if (topics[i].by_id())
        description.name = context_.directory.names().display(found.stream->record.path, found.name);
      fill(description, *found.topic);
    } else if (found.stream && !topics[i].by_id()) {
      Status name = check_topic_name(found.name);
      if (!name) description.fault = fault_of(name.error(), Subject::topic);
      if (name && auto_create) {
        Result<Lsn> created = create_automatically(found, caller, description);
        if (!created) description.fault = fault_of(created.error(), Subject::topic);
      }
    }
    if (found.stream) wait.add_all(found.stream);
  }
  co_await settle(wait, out, stop);
  co_return out;
}

Fault TopicAdmin::check_nodes(const std::vector<int32_t>& nodes) const {
  if (nodes.size() == 1 && nodes[0] == node_id_) return {};
  return {KafkaError::invalid_replica_assignment,
          fmt::format("each partition must be assigned to node {} alone", node_id_)};
}

Fault TopicAdmin::plan(const NewTopic& topic, const StreamRecord& record, TopicCreated& plan) const {
  plan.partitions = record.settings.default_partitions;
  if (!topic.assignments.empty()) {
    if (topic.partitions != -1 || topic.replication_factor != -1) {
      return {KafkaError::invalid_request, "with assignments, partitions and replication factor must be -1"};
    }
    std::set<int32_t> seen;
    for (const NewTopic::Assignment& assignment : topic.assignments) {
      Fault fault = check_nodes(assignment.nodes);
      if (!fault.ok()) return fault;
      seen.insert(assignment.partition);
    }
    const int32_t last = static_cast<int32_t>(topic.assignments.size()) - 1;
    if (seen.size() != topic.assignments.size() || *seen.begin() != 0 || *seen.rbegin() != last) {
      return {KafkaError::invalid_replica_assignment,
              fmt::format("assignments must be for the partitions 0 to {}, once each", last)};
    }
    plan.partitions = static_cast<uint32_t>(topic.assignments.size());
  } else {
    if (topic.partitions == 0 || topic.partitions < -1)
      return {KafkaError::invalid_partitions, "a topic has at least 1 partition"};
    if (topic.replication_factor != -1 && topic.replication_factor != 1) {
      return {
          KafkaError::invalid_replication_factor,
          fmt::format(
              "the replication factor is {}; write 1 or -1: copies are made by the storage engine and by replicas of "
              "the stream",
              topic.replication_factor)};
    }
    if (topic.partitions > 0) plan.partitions = static_cast<uint32_t>(topic.partitions);
  }
  if (plan.partitions > context_.options.topic_partitions_max) {
    return {KafkaError::invalid_partitions, fmt::format("{} partitions were asked for; a topic has at most {}",
                                                        plan.partitions, context_.options.topic_partitions_max)};
  }
  Fault fault = read_topic_configs(topic.configs, defaults(record), plan.settings);
  plan.timestamp_type = plan.settings.timestamp_type.value_or(record.settings.timestamp_type);
  return fault;
}

Task<void> TopicAdmin::create_one(const NewTopic& topic, bool validate_only, TopicLookup& lookup, DurableWait& wait,
                                  TopicDescription& out) {
  TopicReference reference{topic.name, {}};
  FoundTopic found = co_await lookup.find(reference);
  out.stream = found.stream;
  if (!found.stream) {
    out.fault = found.fault;
    co_return;
  }
  if (found.topic != nullptr) {
    out.fault = {KafkaError::topic_already_exists, fmt::format("the topic {} exists", quoted(topic.name))};
    wait.add_all(found.stream);
    co_return;
  }
  Status name = check_topic_name(found.name);
  out.fault = name ? Fault{} : fault_of(name.error(), Subject::topic);
  if (!out.fault.ok()) co_return;
  TopicCreated planned;
  out.fault = plan(topic, found.stream->record, planned);
  if (!out.fault.ok()) co_return;
  out.partitions = planned.partitions;
  out.timestamp_type = planned.timestamp_type;
  out.settings = planned.settings;
  if (validate_only) co_return;
  Result<Stream::CreatedTopic> created =
      found.stream->stream->create_topic(found.name, planned.partitions, planned.timestamp_type, planned.settings);
  if (!created) {
    out.fault = fault_of(created.error(), Subject::topic);
    co_return;
  }
  fill(out, *found.stream->stream->state().topic(created->id));
  wait.add(found.stream, created->lsn);
}

Task<std::vector<TopicDescription>> TopicAdmin::create(const std::vector<NewTopic>& topics, bool validate_only,
                                                       const Caller& caller, std::stop_token stop) {
  std::vector<TopicDescription> out(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  std::multiset<std::string_view> names;
  for (const NewTopic& topic : topics) names.insert(topic.name);
  for (size_t i = 0; i < topics.size(); ++i) {
    out[i].name = topics[i].name;
    if (names.count(topics[i].name) > 1) {
      out[i].fault = {KafkaError::invalid_request, "the request names this topic more than once"};
      continue;
    }
    co_await create_one(topics[i], validate_only, lookup, wait, out[i]);
  }
  co_await settle(wait, out, stop);
  co_return out;
}

Task<std::vector<TopicDescription>> TopicAdmin::remove(std::vector<TopicReference> topics, const Caller& caller,
                                                       std::stop_token stop) {
  std::vector<TopicDescription> out(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    out[i].name = std::string(topics[i].name);
    out[i].id = topics[i].id;
    FoundTopic found = co_await lookup.find(topics[i]);
    out[i].stream = found.stream;
    out[i].fault = found.fault;
    if (!found.fault.ok()) continue;
    if (topics[i].by_id()) out[i].name = context_.directory.names().display(found.stream->record.path, found.name);
    out[i].id = found.topic->id;
    Result<Lsn> deleted = found.stream->stream->delete_topic(found.topic->id);
    if (deleted) {
      wait.add(found.stream, *deleted);
    } else {
      out[i].fault = fault_of(deleted.error(), Subject::topic);
    }
  }
  co_await settle(wait, out, stop);
  co_return out;
}

Fault TopicAdmin::plan_widening(const Widening& widening, const Topic& topic) const {
  const int64_t present = static_cast<int64_t>(topic.partitions.size());
  if (widening.count <= present) {
    return {KafkaError::invalid_partitions, fmt::format("the topic {} has {} partitions already; {} were asked for",
                                                        topic.name, present, widening.count)};
  }
  if (static_cast<uint32_t>(widening.count) > context_.options.topic_partitions_max) {
    return {KafkaError::invalid_partitions, fmt::format("{} partitions were asked for; a topic has at most {}",
                                                        widening.count, context_.options.topic_partitions_max)};
  }
  if (!widening.assignments) return {};
  if (static_cast<int64_t>(widening.assignments->size()) != widening.count - present) {
    return {KafkaError::invalid_replica_assignment,
            fmt::format("{} partitions are new, and {} assignments are given", widening.count - present,
                        widening.assignments->size())};
  }
  for (const std::vector<int32_t>& nodes : *widening.assignments) {
    Fault fault = check_nodes(nodes);
    if (!fault.ok()) return fault;
  }
  return {};
}

Task<std::vector<TopicDescription>> TopicAdmin::widen(const std::vector<Widening>& topics, bool validate_only,
                                                      const Caller& caller, std::stop_token stop) {
  std::vector<TopicDescription> out(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  std::multiset<std::string_view> names;
  for (const Widening& widening : topics) names.insert(widening.topic.name);
  for (size_t i = 0; i < topics.size(); ++i) {
    out[i].name = std::string(topics[i].topic.name);
    if (names.count(topics[i].topic.name) > 1) {
      out[i].fault = {KafkaError::invalid_request, "the request names this topic more than once"};
      continue;
    }
    FoundTopic found = co_await lookup.find(topics[i].topic);
    out[i].stream = found.stream;
    out[i].fault = found.fault.ok() ? plan_widening(topics[i], *found.topic) : found.fault;
    if (!out[i].fault.ok()) continue;
    Status owner = found.stream->stream->check_owner(found.topic->id);
    if (!owner) out[i].fault = fault_of(owner.error(), Subject::topic);
    if (!owner || validate_only) continue;
    TopicAltered change{static_cast<uint32_t>(topics[i].count), found.topic->timestamp_type,
                        found.topic->own_settings()};
    Result<Lsn> altered = found.stream->stream->alter_topic(found.topic->id, change);
    if (altered) {
      wait.add(found.stream, *altered);
    } else {
      out[i].fault = fault_of(altered.error(), Subject::topic);
    }
  }
  co_await settle(wait, out, stop);
  co_return out;
}

Status TopicAdmin::reconfigure_one(const FoundTopic& found, const Reconfiguration& wanted, bool validate_only,
                                   TopicDescription& out) {
  const Topic& topic = *found.topic;
  const StreamSettings& stream = found.stream->record.settings;
  const TopicSettings before = topic.own_settings();
  TopicSettings own = wanted.replace ? TopicSettings() : before;
  out.fault = change_topic_configs(wanted.changes, defaults(found.stream->record), own);
  if (!out.fault.ok()) return {};
  TRY_STATUS(found.stream->stream->check_owner(topic.id));
  if (validate_only || own == before) return {};
  // Given back to the stream, the timestamp type is what the stream says now; never set, it stays what it was.
  TimestampType stamped = before.timestamp_type ? stream.timestamp_type : topic.timestamp_type;
  TopicAltered change{static_cast<uint32_t>(topic.partitions.size()), stamped, std::move(own)};
  TRY(Lsn lsn, found.stream->stream->alter_topic(topic.id, std::move(change)));
  (void)lsn;  // the caller waits for all that is in the stream
  return {};
}

Task<std::vector<TopicDescription>> TopicAdmin::reconfigure(const std::vector<Reconfiguration>& topics,
                                                            bool validate_only, const Caller& caller,
                                                            std::stop_token stop) {
  std::vector<TopicDescription> out(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    out[i].name = std::string(topics[i].topic.name);
    FoundTopic found = co_await lookup.find(topics[i].topic);
    out[i].stream = found.stream;
    out[i].fault = found.fault;
    if (!found.fault.ok()) continue;
    Status changed = reconfigure_one(found, topics[i], validate_only, out[i]);
    if (!changed) {
      out[i].fault = fault_of(changed.error(), Subject::topic);
    } else if (out[i].fault.ok() && !validate_only) {  // what a shorter retention forbids is not seen any more
      const TopicUuid id = found.topic->id;
      Status retained = co_await found.stream->stream->enforce_retention_of(id);
      if (!retained) out[i].fault = fault_of(retained.error(), Subject::storage);
      wait.add_all(found.stream);
    }
  }
  co_await settle(wait, out, stop);
  co_return out;
}

}  // namespace distributary
