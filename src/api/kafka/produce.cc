#include <algorithm>

#include "api/kafka/handlers.h"
#include "wire/kafka/produce.h"

namespace distributary {
namespace {

constexpr int16_t kAbortableVersion = 11;       // knows transaction_abortable
constexpr int16_t kAddsPartitionsVersion = 12;  // KIP-890: what is produced adds its partition

ProduceRequest read_request(const kafka::ProduceRequest& asked, int16_t version) {
  ProduceRequest request;
  request.acks = asked.acks;
  request.timeout_ms = asked.timeout_ms;
  request.zstd_allowed = version >= 7;
  request.transactional_id = asked.transactional_id;
  request.adds_partitions = version >= kAddsPartitionsVersion;
  request.topics.reserve(asked.topic_data.size());
  for (const kafka::ProduceRequest::TopicData& topic : asked.topic_data) {
    ProduceRequest::Topic& out = request.topics.emplace_back();
    out.topic = {topic.name, topic.topic_id};
    out.partitions.reserve(topic.partition_data.size());
    for (const auto& partition : topic.partition_data) out.partitions.push_back({partition.index, partition.records});
  }
  return request;
}

// The clients' own words for what went wrong with a transaction.
KafkaError produce_error_of(const Fault& fault, int16_t version) {
  if (fault.error == KafkaError::producer_fenced) return KafkaError::invalid_producer_epoch;
  if (fault.error == KafkaError::invalid_txn_state && version >= kAbortableVersion)
    return KafkaError::transaction_abortable;
  return fault.error;
}

kafka::ProduceResponse::PartitionResponse describe(const ProducedPartition& partition, int16_t version) {
  kafka::ProduceResponse::PartitionResponse out;
  out.index = partition.partition;
  out.error_code = to_wire(produce_error_of(partition.fault, version));
  out.error_message = message_of(partition.fault);
  for (int32_t place : partition.keyless) {
    out.record_errors.push_back({place, "the record has no key, by which the topic is compacted"});
  }
  out.base_offset = partition.base_offset;
  out.log_append_time_ms = partition.log_append_time;
  out.log_start_offset = partition.log_start;
  return out;
}

// The answer without its partitions: so the frame of the request need not be kept while the disk works.
kafka::ProduceResponse begin_response(const kafka::ProduceRequest& asked) {
  kafka::ProduceResponse response;
  response.responses.reserve(asked.topic_data.size());
  for (const kafka::ProduceRequest::TopicData& topic : asked.topic_data) {
    kafka::ProduceResponse::TopicResponse& out = response.responses.emplace_back();
    out.name = std::string(topic.name);
    out.topic_id = topic.topic_id;
  }
  return response;
}

void fill(kafka::ProduceResponse& response, const std::vector<ProducedTopic>& topics, int16_t version) {
  for (size_t i = 0; i < topics.size(); ++i) {
    kafka::ProduceResponse::TopicResponse& out = response.responses[i];
    out.partition_responses.reserve(topics[i].partitions.size());
    for (const ProducedPartition& partition : topics[i].partitions)
      out.partition_responses.push_back(describe(partition, version));
  }
}

// The request as it is refused as a whole.
Result<KafkaAnswer> refuse(const KafkaRequest& request, const kafka::ProduceRequest& asked, const Fault& fault) {
  KafkaAnswer answer;
  if (asked.acks == 0) {
    answer.close = true;  // the only way to say it
    return answer;
  }
  std::vector<ProducedTopic> topics;
  for (const kafka::ProduceRequest::TopicData& topic : asked.topic_data) {
    ProducedTopic& out = topics.emplace_back();
    for (const auto& partition : topic.partition_data)
      out.partitions.push_back({partition.index, fault, {}, -1, -1, -1});
  }
  kafka::ProduceResponse response = begin_response(asked);
  fill(response, topics, request.version());
  return encode_answer(request, response);
}

bool any_fault(const std::vector<ProducedTopic>& topics) {
  return std::ranges::any_of(topics, [](const ProducedTopic& topic) {
    return std::ranges::any_of(topic.partitions,
                               [](const ProducedPartition& partition) { return !partition.fault.ok(); });
  });
}

Task<Result<KafkaFrame>> finish(Producer& producer, PendingProduce pending, kafka::ProduceResponse response,
                                int16_t version, int32_t correlation_id, std::stop_token stop) {
  std::vector<ProducedTopic> topics = co_await producer.finish(std::move(pending), stop);
  fill(response, topics, version);
  co_return kafka::encode_response_frame(response, version, correlation_id);
}

}  // namespace

Task<Result<KafkaAnswer>> handle_produce(const KafkaRequest& request) {
  CO_TRY(kafka::ProduceRequest asked, decode_request<kafka::ProduceRequest>(request));
  if (asked.acks < -1 || asked.acks > 1) {
    Fault fault{KafkaError::invalid_required_acks, "acks must be -1, 0 or 1"};
    co_return refuse(request, asked, fault);
  }
  Producer& producer = request.broker().producer();
  ProduceRequest batches = read_request(asked, request.version());
  CO_TRY(PendingProduce produce, co_await producer.append(batches, request.caller, request.stop));
  KafkaAnswer answer;
  answer.throttle = request.broker().quotas().count(QuotaKey::producer_byte_rate, request.caller, request.frame.size());
  answer.unanswered = asked.acks == 0;
  answer.close = answer.unanswered && any_fault(produce.topics);
  kafka::ProduceResponse response = begin_response(asked);
  response.throttle_time_ms = static_cast<int32_t>(answer.throttle.count());
  answer.later = finish(producer, std::move(produce), std::move(response), request.version(),
                        request.header.correlation_id, request.stop);
  co_return answer;
}

}  // namespace distributary
