#include "api/kafka/handlers.h"
#include "wire/kafka/fetch.h"

namespace distributary {
namespace {

using Response = kafka::FetchResponse;

FetchRequest read_request(const kafka::FetchRequest& asked, int16_t version) {
  FetchRequest request;
  request.max_wait_ms = asked.max_wait_ms;
  request.min_bytes = asked.min_bytes;
  request.max_bytes = asked.max_bytes;
  request.zstd_allowed = version >= 10;
  request.topics.reserve(asked.topics.size());
  for (const kafka::FetchRequest::Topic& topic : asked.topics) {
    FetchRequest::Topic& out = request.topics.emplace_back();
    out.topic = {topic.topic, topic.topic_id};
    out.partitions.reserve(topic.partitions.size());
    for (const kafka::FetchRequest::Partition& partition : topic.partitions) {
      out.partitions.push_back({partition.partition, partition.fetch_offset, partition.partition_max_bytes,
                                partition.current_leader_epoch, partition.last_fetched_epoch});
    }
  }
  return request;
}

Response::Partition describe(FetchedPartition& partition, bool read_committed) {
  Response::Partition out;
  out.partition_index = partition.partition;
  out.error_code = to_wire(partition.fault);
  out.high_watermark = partition.high_watermark;
  out.last_stable_offset = partition.high_watermark;  // no transactions, so nothing is unstable
  out.log_start_offset = partition.log_start;
  if (partition.diverging) out.diverging_epoch = {partition.diverging->epoch, partition.diverging->end};
  if (!read_committed) out.aborted_transactions.reset();
  out.records = std::move(partition.batches);  // empty rather than null, for the sake of older consumers
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_fetch(const KafkaRequest& request) {
  CO_TRY(kafka::FetchRequest asked, decode_request<kafka::FetchRequest>(request));
  Response response;
  // Sessions are declined (the answer's session id is 0), so every request must be a full one.
  if (asked.session_epoch > 0) {
    response.error_code = kafka::ErrorCode::fetch_session_id_not_found;
    co_return encode_answer(request, response);
  }
  FetchRequest wanted = read_request(asked, request.version());
  std::vector<FetchedTopic> topics = co_await request.broker().fetcher().fetch(wanted, request.caller, request.gone);
  response.responses.reserve(topics.size());
  for (size_t i = 0; i < topics.size(); ++i) {
    Response::TopicResponse& out = response.responses.emplace_back();
    out.topic = std::string(asked.topics[i].topic);
    out.topic_id = asked.topics[i].topic_id;
    out.partitions.reserve(topics[i].partitions.size());
    for (FetchedPartition& partition : topics[i].partitions) {
      out.partitions.push_back(describe(partition, asked.isolation_level == 1));
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
