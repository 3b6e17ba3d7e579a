#include <fmt/format.h>

#include "api/kafka/handlers.h"
#include "wire/kafka/elect_leaders.h"

namespace distributary {
namespace {

constexpr int8_t kElectionTypeMax = 1;  // 0 preferred, 1 unclean

kafka::ElectLeadersResponse::PartitionResult answer(const TopicDescription& topic, int32_t index) {
  if (!topic.fault.ok()) return {index, to_wire(topic.fault), message_of(topic.fault)};
  if (index < 0 || index >= static_cast<int32_t>(topic.partitions)) {
    return {index, kafka::ErrorCode::unknown_topic_or_partition,
            fmt::format("the topic has {} partitions", topic.partitions)};
  }
  return {index, kafka::ErrorCode::election_not_needed, "this node leads the partition, and is its only replica"};
}

}  // namespace

// Every partition has one replica, which leads it: there is nothing to elect. Asked for all partitions, Kafka names
// only those where an election was held.
Task<Result<KafkaAnswer>> handle_elect_leaders(const KafkaRequest& request) {
  CO_TRY(kafka::ElectLeadersRequest asked, decode_request<kafka::ElectLeadersRequest>(request));
  kafka::ElectLeadersResponse response;
  if (asked.election_type < 0 || asked.election_type > kElectionTypeMax)
    response.error_code = kafka::ErrorCode::invalid_request;
  if (!asked.topic_partitions || response.error_code != kafka::ErrorCode::none)
    co_return encode_answer(request, response);
  std::vector<TopicReference> references;
  for (const auto& topic : *asked.topic_partitions) references.push_back({topic.topic, {}});
  std::vector<TopicDescription> topics =
      co_await request.broker().topics().describe(std::move(references), false, request.caller, request.stop);
  for (size_t i = 0; i < topics.size(); ++i) {
    auto& out = response.replica_election_results.emplace_back();
    out.topic = topics[i].name;
    for (int32_t index : (*asked.topic_partitions)[i].partitions)
      out.partition_result.push_back(answer(topics[i], index));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
