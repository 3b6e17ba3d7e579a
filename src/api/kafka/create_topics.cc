#include "api/kafka/handlers.h"
#include "broker/topic_config.h"
#include "wire/kafka/create_topics.h"

namespace distributary {
namespace {

NewTopic read_topic(const kafka::CreateTopicsRequest::Topic& asked) {
  NewTopic topic;
  topic.name = asked.name;
  topic.partitions = asked.num_partitions;
  topic.replication_factor = asked.replication_factor;
  for (const auto& assignment : asked.assignments)
    topic.assignments.push_back({assignment.partition_index, assignment.broker_ids});
  for (const auto& config : asked.configs) topic.configs.emplace_back(config.name, config.value);
  return topic;
}

kafka::CreateTopicsResponse::Topic describe(const KafkaRequest& request, const TopicDescription& made) {
  kafka::CreateTopicsResponse::Topic topic;
  topic.name = made.name;
  topic.error_code = to_wire(made.fault);
  topic.error_message = message_of(made.fault);
  if (!made.fault.ok()) return topic;
  topic.topic_id = made.id;
  topic.num_partitions = static_cast<int32_t>(made.partitions);
  topic.replication_factor = 1;
  topic.configs.emplace();
  const EffectiveTopicSettings defaults = request.broker().topics().defaults(made.stream->record);
  for (ConfigEntry& entry : describe_topic_configs(&made.settings, made.timestamp_type, defaults)) {
    topic.configs->push_back(
        {std::move(entry.name), std::move(entry.value), entry.read_only, static_cast<int8_t>(entry.source), false});
  }
  return topic;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_create_topics(const KafkaRequest& request) {
  CO_TRY(kafka::CreateTopicsRequest asked, decode_request<kafka::CreateTopicsRequest>(request));
  std::vector<NewTopic> topics;
  topics.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) topics.push_back(read_topic(topic));
  std::vector<TopicDescription> made =
      co_await request.broker().topics().create(topics, asked.validate_only, request.caller, request.stop);
  kafka::CreateTopicsResponse response;
  response.topics.reserve(made.size());
  for (const TopicDescription& topic : made) response.topics.push_back(describe(request, topic));
  co_return encode_answer(request, response);
}

}  // namespace distributary
