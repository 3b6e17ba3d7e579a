#include <algorithm>

#include "api/kafka/handlers.h"
#include "wire/kafka/fetch.h"

namespace distributary {
namespace {

FetchRequest read_request(const kafka::FetchRequest& asked, int16_t version) {
  FetchRequest request;
  request.max_wait_ms = asked.max_wait_ms;
  request.min_bytes = asked.min_bytes;
  request.max_bytes = asked.max_bytes;
  request.zstd_allowed = version >= 10;
  request.by_topic_id = version >= 13;
  request.session_id = asked.session_id;
  request.session_epoch = asked.session_epoch;
  for (const kafka::FetchRequest::ForgottenTopic& topic : asked.forgotten_topics_data) {
    request.forgotten.push_back({{topic.topic, topic.topic_id}, topic.partitions});
  }
  request.committed = asked.isolation_level == 1;
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

kafka::FetchResponse::Partition describe(FetchedPartition& partition, bool read_committed) {
  kafka::FetchResponse::Partition out;
  out.partition_index = partition.partition;
  out.error_code = to_wire(partition.fault);
  out.high_watermark = partition.high_watermark;
  out.last_stable_offset = partition.last_stable;
  out.log_start_offset = partition.log_start;
  if (partition.diverging) out.diverging_epoch = {partition.diverging->epoch, partition.diverging->end};
  if (read_committed) {
    for (const AbortedTransaction& one : partition.aborted)
      out.aborted_transactions->push_back({one.producer_id, one.first});
  } else {
    out.aborted_transactions.reset();
  }
  out.records = std::move(partition.batches);  // empty rather than null, for the sake of older consumers
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_fetch(const KafkaRequest& request) {
  CO_TRY(kafka::FetchRequest asked, decode_request<kafka::FetchRequest>(request));
  FetchRequest wanted = read_request(asked, request.version());
  wanted.files = request.sends_files && wanted.zstd_allowed;
  ClientQuotas& quotas = request.broker().quotas();
  const size_t window = quotas.window_bytes(QuotaKey::consumer_byte_rate, request.caller);
  wanted.max_bytes = static_cast<int32_t>(std::min<size_t>(std::max(wanted.max_bytes, 0), window));
  FetchAnswer got = co_await request.broker().fetcher().fetch(wanted, request.caller, request.gone);
  const std::chrono::milliseconds throttle = quotas.count(QuotaKey::consumer_byte_rate, request.caller, got.bytes);
  kafka::FetchResponse response;
  response.throttle_time_ms = static_cast<int32_t>(throttle.count());
  response.error_code = to_wire(got.fault);
  response.session_id = got.session_id;
  response.responses.reserve(got.topics.size());
  for (FetchedTopic& topic : got.topics) {
    kafka::FetchResponse::TopicResponse& out = response.responses.emplace_back();
    out.topic = std::move(topic.name);
    out.topic_id = topic.id;
    out.partitions.reserve(topic.partitions.size());
    for (FetchedPartition& partition : topic.partitions) {
      out.partitions.push_back(describe(partition, asked.isolation_level == 1));
    }
  }
  CO_TRY(KafkaAnswer answer, encode_answer(request, response));
  answer.share = std::move(got.share);
  answer.throttle = throttle;
  co_return answer;
}

}  // namespace distributary
