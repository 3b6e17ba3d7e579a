#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/metadata.h"

namespace distributary {
namespace {

kafka::MetadataResponse::Topic describe(const KafkaRequest& request, const TopicDescription& description,
                                        bool with_operations) {
  const int32_t node = request.service.options.node_id;
  kafka::MetadataResponse::Topic topic;
  topic.error_code = to_wire(description.fault);
  topic.topic_id = description.id;
  topic.name = description.name;
  if (description.fault.error == KafkaError::unknown_topic_id) topic.name.reset();
  if (!description.fault.ok()) return topic;
  topic.partitions.reserve(description.partitions);
  for (uint32_t i = 0; i < description.partitions; ++i) {
    kafka::MetadataResponse::Partition& partition = topic.partitions.emplace_back();
    partition.partition_index = static_cast<int32_t>(i);
    partition.leader_id = node;
    partition.leader_epoch = description.leader_epoch;
    partition.replica_nodes = {node};
    partition.isr_nodes = {node};
  }
  if (with_operations) topic.topic_authorized_operations = topic_operations(request, description.stream->record);
  return topic;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_metadata(const KafkaRequest& request) {
  CO_TRY(kafka::MetadataRequest asked, decode_request<kafka::MetadataRequest>(request));
  const KafkaListenerOptions& options = request.service.options;
  kafka::MetadataResponse response;
  response.brokers.push_back({options.node_id, options.advertised.host, options.advertised.port, std::nullopt});
  response.cluster_id = options.cluster_id;
  response.controller_id = options.node_id;
  const bool all = !asked.topics || (request.version() == 0 && asked.topics->empty());
  std::vector<TopicDescription> topics;
  if (all) {
    topics = co_await request.broker().topics().describe_all(request.caller, request.stop);
  } else {
    std::vector<TopicReference> references;
    references.reserve(asked.topics->size());
    for (const kafka::MetadataRequest::Topic& topic : *asked.topics) {
      references.push_back({topic.name ? std::string_view(*topic.name) : std::string_view(), topic.topic_id});
    }
    topics = co_await request.broker().topics().describe(std::move(references), asked.allow_auto_topic_creation,
                                                         request.caller, request.stop);
  }
  response.topics.reserve(topics.size());
  for (const TopicDescription& topic : topics) {
    response.topics.push_back(describe(request, topic, asked.include_topic_authorized_operations));
  }
  if (asked.include_cluster_authorized_operations) response.cluster_authorized_operations = cluster_operations(request);
  co_return encode_answer(request, response);
}

}  // namespace distributary
