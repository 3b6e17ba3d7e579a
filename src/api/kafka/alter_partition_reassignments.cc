#include "wire/kafka/alter_partition_reassignments.h"

#include <fmt/format.h>

#include "api/kafka/handlers.h"

namespace distributary {
namespace {

// Without replicas: a reassignment that goes on is to be called off.
kafka::AlterPartitionReassignmentsResponse::Partition answer(
    const TopicDescription& topic, const kafka::AlterPartitionReassignmentsRequest::Partition& asked, int32_t node) {
  const int32_t index = asked.partition_index;
  if (!topic.fault.ok()) return {index, to_wire(topic.fault), message_of(topic.fault)};
  if (index < 0 || index >= static_cast<int32_t>(topic.partitions)) {
    return {index, kafka::ErrorCode::unknown_topic_or_partition,
            fmt::format("the topic has {} partitions", topic.partitions)};
  }
  if (!asked.replicas) {
    return {index, kafka::ErrorCode::no_reassignment_in_progress, "no reassignment of this partition is in progress"};
  }
  if (asked.replicas->size() == 1 && asked.replicas->front() == node)
    return {index, kafka::ErrorCode::none, std::nullopt};
  return {index, kafka::ErrorCode::invalid_replica_assignment,
          fmt::format("a partition is kept by node {} alone: copies are made by the storage engine and by replicas of "
                      "the stream",
                      node)};
}

}  // namespace

Task<Result<KafkaAnswer>> handle_alter_partition_reassignments(const KafkaRequest& request) {
  CO_TRY(kafka::AlterPartitionReassignmentsRequest asked,
         decode_request<kafka::AlterPartitionReassignmentsRequest>(request));
  std::vector<TopicReference> references;
  for (const auto& topic : asked.topics) references.push_back({topic.name, {}});
  std::vector<TopicDescription> topics =
      co_await request.broker().topics().describe(std::move(references), false, request.caller, request.stop);
  kafka::AlterPartitionReassignmentsResponse response;
  response.allow_replication_factor_change = asked.allow_replication_factor_change;
  for (size_t i = 0; i < topics.size(); ++i) {
    auto& out = response.responses.emplace_back();
    out.name = topics[i].name;
    for (const auto& partition : asked.topics[i].partitions)
      out.partitions.push_back(answer(topics[i], partition, request.service.options.node_id));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
