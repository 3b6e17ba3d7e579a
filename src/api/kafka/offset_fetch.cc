#include "api/kafka/handlers.h"
#include "wire/kafka/offset_fetch.h"

namespace distributary {
namespace {

constexpr int16_t kGroupsVersion = 8;

template <class Topics>
std::vector<CursorQueryTopic> read_topics(const Topics& asked) {
  std::vector<CursorQueryTopic> topics;
  topics.reserve(asked.size());
  for (const auto& topic : asked) {
    CursorQueryTopic& out = topics.emplace_back();
    out.topic.name = topic.name;
    if constexpr (requires { topic.topic_id; }) out.topic.id = topic.topic_id;
    out.partitions = topic.partition_indexes;
  }
  return topics;
}

template <class Topic>
std::vector<Topic> describe(std::vector<FoundCursorTopic> found) {
  std::vector<Topic> out;
  out.reserve(found.size());
  for (FoundCursorTopic& from : found) {
    Topic& topic = out.emplace_back();
    topic.name = std::move(from.name);
    if constexpr (requires { topic.topic_id; }) topic.topic_id = from.id;
    topic.partitions.reserve(from.partitions.size());
    for (FoundCursor& cursor : from.partitions) {
      topic.partitions.push_back(
          {cursor.partition, cursor.offset, cursor.leader_epoch, std::move(cursor.metadata), to_wire(cursor.fault)});
    }
  }
  return out;
}

// One group and topics by name only.
Task<Result<KafkaAnswer>> answer_single(const KafkaRequest& request, kafka::OffsetFetchRequest asked) {
  Cursors& cursors = request.broker().cursors();
  kafka::OffsetFetchResponse response;
  std::vector<FoundCursorTopic> found;
  if (asked.topics) {
    std::vector<CursorQueryTopic> topics = read_topics(*asked.topics);
    found = co_await cursors.find(asked.group_id, topics, request.caller, request.stop, asked.require_stable);
  } else {
    found = co_await cursors.find_all(asked.group_id, request.caller, request.stop, asked.require_stable);
  }
  response.topics = describe<kafka::OffsetFetchResponse::Topic>(std::move(found));
  co_return encode_answer(request, response);
}

}  // namespace

Task<Result<KafkaAnswer>> handle_offset_fetch(const KafkaRequest& request) {
  CO_TRY(kafka::OffsetFetchRequest asked, decode_request<kafka::OffsetFetchRequest>(request));
  if (request.version() < kGroupsVersion) co_return co_await answer_single(request, std::move(asked));
  Cursors& cursors = request.broker().cursors();
  kafka::OffsetFetchResponse response;
  for (auto& group : asked.groups) {
    const KafkaError refused =
        request.broker().groups().check_fetch(group.group_id, group.member_id, group.member_epoch);
    if (refused != KafkaError::none) {
      kafka::OffsetFetchResponse::Group& out = response.groups.emplace_back();
      out.group_id = std::move(group.group_id);
      out.error_code = to_wire(refused);
      continue;
    }
    std::vector<FoundCursorTopic> found;
    if (group.topics) {
      std::vector<CursorQueryTopic> topics = read_topics(*group.topics);
      found = co_await cursors.find(group.group_id, topics, request.caller, request.stop, asked.require_stable);
    } else {
      found = co_await cursors.find_all(group.group_id, request.caller, request.stop, asked.require_stable);
    }
    kafka::OffsetFetchResponse::Group& out = response.groups.emplace_back();
    out.group_id = std::move(group.group_id);
    out.topics = describe<kafka::OffsetFetchResponse::GroupTopic>(std::move(found));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
