#include <algorithm>

#include "api/kafka/consumer_blobs.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/consumer_protocol.h"
#include "wire/kafka/join_group.h"

namespace distributary {
namespace {

constexpr int16_t kKnownIdVersion = 4;
constexpr int16_t kSkipAssignmentVersion = 9;

// What the member subscribes to and owns, as one of its protocols says. Of other protocol types the metadata is opaque.
void read_subscription(const kafka::JoinGroupRequest& asked, JoinRequest& join) {
  if (asked.protocol_type != kConsumerProtocolType) return;
  for (const auto& protocol : asked.protocols) {
    auto subscription = kafka::decode_subscription(protocol.metadata);
    if (!subscription) continue;
    std::ranges::sort(subscription->topics);
    join.topic_names = std::move(subscription->topics);
    join.rack_id = std::move(subscription->rack_id);
    join.owned = named_partitions(subscription->owned_partitions);
    return;
  }
}

JoinRequest read_request(kafka::JoinGroupRequest& asked, const KafkaRequest& request) {
  JoinRequest join;
  join.group = std::move(asked.group_id);
  join.member_id = std::move(asked.member_id);
  join.instance_id = std::move(asked.group_instance_id);
  join.caller = request.caller;
  join.session_timeout = std::chrono::milliseconds(asked.session_timeout_ms);
  const int32_t rebalance = asked.rebalance_timeout_ms >= 0 ? asked.rebalance_timeout_ms : asked.session_timeout_ms;
  join.rebalance_timeout = std::chrono::milliseconds(rebalance);
  read_subscription(asked, join);
  join.protocol_type = std::move(asked.protocol_type);
  join.protocols.reserve(asked.protocols.size());
  for (auto& protocol : asked.protocols)
    join.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
  join.known_id_needed = request.version() >= kKnownIdVersion;
  join.may_skip_assignment = request.version() >= kSkipAssignmentVersion;
  return join;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_join_group(const KafkaRequest& request) {
  CO_TRY(kafka::JoinGroupRequest asked, decode_request<kafka::JoinGroupRequest>(request));
  JoinRequest join = read_request(asked, request);
  CO_TRY(JoinAnswer joined, co_await request.broker().groups().join(std::move(join), request.gone));
  kafka::JoinGroupResponse response;
  response.error_code = to_wire(joined.error);
  response.generation_id = joined.generation;
  response.protocol_type = std::move(joined.protocol_type);
  response.protocol_name = std::move(joined.protocol_name);
  response.leader = std::move(joined.leader);
  response.skip_assignment = joined.skip_assignment;
  response.member_id = std::move(joined.member_id);
  response.members.reserve(joined.members.size());
  for (JoinAnswer::Member& member : joined.members) {
    response.members.push_back(
        {std::move(member.member_id), std::move(member.instance_id), std::move(member.metadata)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
