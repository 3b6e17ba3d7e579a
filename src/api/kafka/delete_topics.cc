#include "api/kafka/handlers.h"
#include "wire/kafka/delete_topics.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_delete_topics(const KafkaRequest& request) {
  CO_TRY(kafka::DeleteTopicsRequest asked, decode_request<kafka::DeleteTopicsRequest>(request));
  std::vector<TopicReference> topics;
  for (const std::string& name : asked.topic_names) topics.push_back({name, {}});
  for (const auto& topic : asked.topics) {
    topics.push_back({topic.name ? std::string_view(*topic.name) : std::string_view(), topic.topic_id});
  }
  std::vector<TopicDescription> deleted =
      co_await request.broker().topics().remove(std::move(topics), request.caller, request.stop);
  kafka::DeleteTopicsResponse response;
  response.responses.reserve(deleted.size());
  for (TopicDescription& topic : deleted) {
    auto& out = response.responses.emplace_back();
    out.name = std::move(topic.name);
    if (topic.fault.error == KafkaError::unknown_topic_id) out.name.reset();
    out.topic_id = topic.id;
    out.error_code = to_wire(topic.fault);
    out.error_message = message_of(topic.fault);
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
