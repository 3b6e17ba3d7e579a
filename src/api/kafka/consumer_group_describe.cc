#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/consumer_group_describe.h"

namespace distributary {
namespace {

constexpr int8_t kClassicMember = 0;
constexpr int8_t kConsumerMember = 1;

kafka::ConsumerGroupDescribeResponse::Assignment write_assignment(
    std::vector<ConsumerGroupDescription::Partitions>& topics) {
  kafka::ConsumerGroupDescribeResponse::Assignment out;
  for (auto& topic : topics) {
    out.topic_partitions.push_back({topic.topic, std::move(topic.topic_name), std::move(topic.partitions)});
  }
  return out;
}

kafka::ConsumerGroupDescribeResponse::Member write_member(ConsumerGroupDescription::Member& member) {
  kafka::ConsumerGroupDescribeResponse::Member out;
  out.member_id = std::move(member.id);
  out.instance_id = std::move(member.instance_id);
  if (!member.rack_id.empty()) out.rack_id = std::move(member.rack_id);
  out.member_epoch = member.epoch;
  out.client_id = std::move(member.client_id);
  out.client_host = std::move(member.client_host);
  out.subscribed_topic_names = std::move(member.topic_names);
  if (!member.topic_pattern.empty()) out.subscribed_topic_regex = std::move(member.topic_pattern);
  out.assignment = write_assignment(member.assigned);
  out.target_assignment = write_assignment(member.target);
  out.member_type = member.classic ? kClassicMember : kConsumerMember;
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_consumer_group_describe(const KafkaRequest& request) {
  CO_TRY(kafka::ConsumerGroupDescribeRequest asked, decode_request<kafka::ConsumerGroupDescribeRequest>(request));
  std::vector<ConsumerGroupDescription> groups =
      co_await request.broker().groups().describe_consumer_groups(std::move(asked.group_ids), request.caller);
  kafka::ConsumerGroupDescribeResponse response;
  for (ConsumerGroupDescription& group : groups) {
    kafka::ConsumerGroupDescribeResponse::Group& out = response.groups.emplace_back();
    out.error_code = to_wire(group.fault);
    out.error_message = message_of(group.fault);
    out.group_id = std::move(group.id);
    out.group_state = std::move(group.state);
    out.group_epoch = group.epoch;
    out.assignment_epoch = group.assignment_epoch;
    out.assignor_name = std::move(group.assignor);
    for (auto& member : group.members) out.members.push_back(write_member(member));
    if (asked.include_authorized_operations && group.fault.ok()) out.authorized_operations = group_operations();
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
