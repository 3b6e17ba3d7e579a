#include "api/kafka/handlers.h"
#include "wire/kafka/create_partitions.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_create_partitions(const KafkaRequest& request) {
  CO_TRY(kafka::CreatePartitionsRequest asked, decode_request<kafka::CreatePartitionsRequest>(request));
  std::vector<TopicAdmin::Widening> topics;
  topics.reserve(asked.topics.size());
  for (const auto& topic : asked.topics) {
    TopicAdmin::Widening& widening = topics.emplace_back();
    widening.topic.name = topic.name;
    widening.count = topic.count;
    if (!topic.assignments) continue;
    widening.assignments.emplace();
    for (const auto& assignment : *topic.assignments) widening.assignments->push_back(assignment.broker_ids);
  }
  std::vector<TopicDescription> widened =
      co_await request.broker().topics().widen(topics, asked.validate_only, request.caller, request.stop);
  kafka::CreatePartitionsResponse response;
  response.results.reserve(widened.size());
  for (TopicDescription& topic : widened) {
    response.results.push_back({std::move(topic.name), to_wire(topic.fault), message_of(topic.fault)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
