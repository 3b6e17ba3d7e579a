#include <algorithm>

#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/describe_topic_partitions.h"

namespace distributary {
namespace {

constexpr int32_t kPartitionsPerAnswerMax = 2000;

// The topics asked for, by name, each once; all if none is named.
Task<std::vector<TopicDescription>> find_topics(const KafkaRequest& request,
                                                const kafka::DescribeTopicPartitionsRequest& asked) {
  std::vector<TopicDescription> topics;
  if (asked.topics.empty()) {
    topics = co_await request.broker().topics().describe_all(request.caller, request.stop);
  } else {
    std::vector<TopicReference> references;
    for (const auto& topic : asked.topics) references.push_back({topic.name, {}});
    topics = co_await request.broker().topics().describe(std::move(references), false, request.caller, request.stop);
  }
  std::ranges::sort(topics, {}, &TopicDescription::name);
  auto same_name = [](const TopicDescription& a, const TopicDescription& b) { return a.name == b.name; };
  topics.erase(std::unique(topics.begin(), topics.end(), same_name), topics.end());
  co_return topics;
}

// A cursor names a topic that was asked for; among all topics it may have gone meanwhile.
bool fits(const kafka::DescribeTopicPartitionsRequest& asked) {
  if (!asked.cursor) return true;
  if (asked.cursor->partition_index < 0) return false;
  auto named = [&](const kafka::DescribeTopicPartitionsRequest::Topic& topic) {
    return topic.name == asked.cursor->topic_name;
  };
  return asked.topics.empty() || std::ranges::any_of(asked.topics, named);
}

kafka::DescribeTopicPartitionsResponse::Partition describe_partition(const KafkaRequest& request,
                                                                     const TopicDescription& topic, int32_t index) {
  const int32_t node = request.service.options.node_id;
  kafka::DescribeTopicPartitionsResponse::Partition partition;
  partition.partition_index = index;
  partition.leader_id = node;
  partition.leader_epoch = topic.leader_epoch;
  partition.replica_nodes = {node};
  partition.isr_nodes = {node};
  partition.eligible_leader_replicas.emplace();
  partition.last_known_elr.emplace();
  return partition;
}

kafka::DescribeTopicPartitionsResponse describe(const KafkaRequest& request,
                                                const kafka::DescribeTopicPartitionsRequest& asked,
                                                const std::vector<TopicDescription>& topics) {
  kafka::DescribeTopicPartitionsResponse response;
  int32_t room = std::clamp(asked.response_partition_limit, 1, kPartitionsPerAnswerMax);
  for (const TopicDescription& topic : topics) {
    int32_t first = 0;
    if (asked.cursor && topic.name < asked.cursor->topic_name) continue;
    if (asked.cursor && topic.name == asked.cursor->topic_name) first = asked.cursor->partition_index;
    const auto end = static_cast<int32_t>(topic.partitions);
    if (room == 0) {
      response.next_cursor = kafka::DescribeTopicPartitionsResponse::Cursor{topic.name, first};
      break;
    }
    kafka::DescribeTopicPartitionsResponse::Topic& out = response.topics.emplace_back();
    out.error_code = to_wire(topic.fault);
    out.name = topic.name;
    if (!topic.fault.ok()) continue;
    out.topic_id = topic.id;
    out.topic_authorized_operations = topic_operations(request, topic.stream->record);
    for (; first < end && room > 0; ++first, --room)
      out.partitions.push_back(describe_partition(request, topic, first));
    if (first >= end) continue;
    response.next_cursor = kafka::DescribeTopicPartitionsResponse::Cursor{topic.name, first};
    break;
  }
  return response;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_topic_partitions(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeTopicPartitionsRequest asked, decode_request<kafka::DescribeTopicPartitionsRequest>(request));
  if (!fits(asked)) {
    kafka::DescribeTopicPartitionsResponse response;
    for (auto& topic : asked.topics) {
      kafka::DescribeTopicPartitionsResponse::Topic& out = response.topics.emplace_back();
      out.error_code = kafka::ErrorCode::invalid_request;
      out.name = std::move(topic.name);
    }
    co_return encode_answer(request, response);
  }
  std::vector<TopicDescription> topics = co_await find_topics(request, asked);
  co_return encode_answer(request, describe(request, asked, topics));
}

}  // namespace distributary
