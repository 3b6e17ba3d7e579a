#include "api/kafka/consumer_blobs.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/consumer_group_heartbeat.h"

namespace distributary {
namespace {

constexpr int16_t kClientMakesIdsVersion = 1;

using Asked = kafka::ConsumerGroupHeartbeatRequest;

PartitionSet read_partitions(const std::vector<Asked::TopicPartitions>& topics) {
  PartitionSet out;
  for (const auto& topic : topics) {
    for (int32_t partition : topic.partitions) {
      if (partition >= 0) out.push_back({topic.topic_id, static_cast<PartitionIndex>(partition)});
    }
  }
  make_set(out);
  return out;
}

ConsumerHeartbeat read_request(Asked& asked, int16_t version) {
  ConsumerHeartbeat heartbeat;
  heartbeat.group = std::move(asked.group_id);
  heartbeat.member_id = std::move(asked.member_id);
  heartbeat.epoch = asked.member_epoch;
  heartbeat.instance_id = std::move(asked.instance_id);
  heartbeat.rack_id = std::move(asked.rack_id);
  if (asked.rebalance_timeout_ms >= 0)
    heartbeat.rebalance_timeout = std::chrono::milliseconds(asked.rebalance_timeout_ms);
  heartbeat.topic_names = std::move(asked.subscribed_topic_names);
  heartbeat.topic_pattern = std::move(asked.subscribed_topic_regex);
  heartbeat.assignor = std::move(asked.server_assignor);
  if (asked.topic_partitions) heartbeat.owned = read_partitions(*asked.topic_partitions);
  heartbeat.classic_reader = &kConsumerProtocolReader;
  heartbeat.makes_member_ids = version >= kClientMakesIdsVersion;
  return heartbeat;
}

kafka::ConsumerGroupHeartbeatResponse::Assignment write_heartbeat_assignment(const PartitionSet& partitions) {
  kafka::ConsumerGroupHeartbeatResponse::Assignment out;
  for (const TopicPartition& partition : partitions) {
    if (out.topic_partitions.empty() || out.topic_partitions.back().topic_id != partition.topic) {
      out.topic_partitions.push_back({partition.topic, {}});
    }
    out.topic_partitions.back().partitions.push_back(static_cast<int32_t>(partition.partition));
  }
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_consumer_group_heartbeat(const KafkaRequest& request) {
  CO_TRY(Asked asked, decode_request<Asked>(request));
  const ConsumerHeartbeat heartbeat = read_request(asked, request.version());
  ConsumerHeartbeatAnswer answer = co_await request.broker().groups().consumer_heartbeat(heartbeat, request.caller);
  kafka::ConsumerGroupHeartbeatResponse response;
  response.error_code = to_wire(answer.fault);
  response.error_message = message_of(answer.fault);
  response.member_id = std::move(answer.member_id);
  response.member_epoch = answer.epoch;
  response.heartbeat_interval_ms = static_cast<int32_t>(answer.heartbeat_interval.count());
  if (answer.assignment) response.assignment = write_heartbeat_assignment(*answer.assignment);
  co_return encode_answer(request, response);
}

}  // namespace distributary
