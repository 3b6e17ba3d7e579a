#include "api/kafka/handlers.h"
#include "wire/kafka/describe_quorum.h"

namespace distributary {
namespace {

constexpr const char* kMetadataTopic = "__cluster_metadata";
// There is no log of votes: it is always the first epoch, and nobody lags.
constexpr int32_t kEpoch = 1;
constexpr int64_t kLogEnd = 0;

// This node keeps what there is to know of topics and settings, and is the one that decides.
kafka::DescribeQuorumResponse::Partition answer(const std::string& topic, int32_t partition,
                                                const KafkaRequest& request) {
  kafka::DescribeQuorumResponse::Partition out;
  out.partition_index = partition;
  if (topic != kMetadataTopic || partition != 0) {
    out.error_code = kafka::ErrorCode::unknown_topic_or_partition;
    out.error_message = "the one quorum is that of __cluster_metadata-0";
    return out;
  }
  const WallMillis now = request.broker().world().clock().wall_now();
  out.leader_id = request.service.options.node_id;
  out.leader_epoch = kEpoch;
  out.high_watermark = kLogEnd;
  out.current_voters.push_back({out.leader_id, {}, kLogEnd, now, now});
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_quorum(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeQuorumRequest asked, decode_request<kafka::DescribeQuorumRequest>(request));
  const KafkaListenerOptions& options = request.service.options;
  kafka::DescribeQuorumResponse response;
  for (const kafka::DescribeQuorumRequest::Topic& topic : asked.topics) {
    auto& out = response.topics.emplace_back();
    out.topic_name = topic.topic_name;
    for (const kafka::DescribeQuorumRequest::Partition& partition : topic.partitions)
      out.partitions.push_back(answer(topic.topic_name, partition.partition_index, request));
  }
  const Address& address = options.advertised;
  response.nodes.push_back({options.node_id, {{"CONTROLLER", address.host, address.port}}});
  co_return encode_answer(request, response);
}

}  // namespace distributary
