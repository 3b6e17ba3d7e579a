#include "broker/producer.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/topic_config.h"
#include "model/record_batch_check.h"

namespace distributary {
namespace {

size_t record_bytes(const ProduceRequest& request) {
  size_t bytes = 0;
  for (const ProduceRequest::Topic& topic : request.topics) {
    for (const ProduceRequest::Partition& partition : topic.partitions) {
      if (partition.records) bytes += partition.records->size();
    }
  }
  return bytes;
}

}  // namespace

Producer::Producer(BrokerContext context)
    : context_(context), bytes_(context.world.executor, context.options.produce_bytes_in_flight_max) {}

Fault Producer::check_batch(const ProduceRequest& request, const ProduceRequest::Partition& partition,
                            const EffectiveTopicSettings& topic) {
  if (!partition.records || partition.records->empty()) return {KafkaError::invalid_record, "there is no record batch"};
  BatchLimits limits = context_.options.batch;
  limits.batch_bytes = static_cast<size_t>(topic.max_message_bytes);
  Result<RecordBatchView> batch = check_produced_batch(*partition.records, limits);
  if (!batch) return fault_of(batch.error(), Subject::batch);
  if (batch->codec_bits() == static_cast<uint8_t>(Codec::zstd) && !request.zstd_allowed) {
    return {KafkaError::unsupported_compression_type, "zstd needs Produce version 7 or newer"};
  }
  if (batch->transactional()) {
    return {KafkaError::transactional_id_authorization_failed, "transactions are not offered by this server"};
  }
  Result<RecordsSummary> records = check_records(*batch, limits, decompressor_);
  if (!records) return fault_of(records.error(), Subject::batch);
  if (records->null_keys > 0 && compacts(topic.cleanup_policy)) {
    return {KafkaError::invalid_record, fmt::format("{} of the {} records have no key, by which the topic is compacted",
                                                    records->null_keys, batch->record_count())};
  }
  return {};
}

void Producer::append_partition(const FoundTopic& found, const ProduceRequest& request,
                                const ProduceRequest::Partition& partition, PendingProduce& pending,
                                ProducedPartition& out) {
  out.fault = check_partition(*found.topic, partition.partition);
  const EffectiveTopicSettings in_force = effective_settings(
      found.topic->settings.get(), topic_defaults(found.stream->record.settings, context_.options.batch.batch_bytes));
  if (out.fault.ok()) out.fault = check_batch(request, partition, in_force);
  if (!out.fault.ok()) return;
  TopicPartition place{found.topic->id, static_cast<PartitionIndex>(partition.partition)};
  Result<AppendedBatch> appended = found.stream->stream->append_batch(place, *partition.records);
  if (!appended) {
    out.fault = fault_of(appended.error(), Subject::append);
    return;
  }
  out.base_offset = appended->base_offset;
  out.log_append_time = appended->log_append_time;
  out.log_start = found.topic->partitions[place.partition].log_start;
  pending.wait.add(found.stream, appended->lsn);
}

Task<Result<PendingProduce>> Producer::append(const ProduceRequest& request, const Caller& caller,
                                              std::stop_token stop) {
  PendingProduce pending;
  CO_TRY(pending.bytes, co_await bytes_.take(record_bytes(request), stop));
  TopicLookup lookup(context_.directory, caller);
  pending.topics.resize(request.topics.size());
  for (size_t i = 0; i < request.topics.size(); ++i) {
    const ProduceRequest::Topic& topic = request.topics[i];
    ProducedTopic& out = pending.topics[i];
    FoundTopic found = co_await lookup.find(topic.topic);
    out.stream = found.stream;
    out.partitions.resize(topic.partitions.size());
    for (size_t k = 0; k < topic.partitions.size(); ++k) {
      out.partitions[k].partition = topic.partitions[k].partition;
      if (found.fault.ok()) {
        append_partition(found, request, topic.partitions[k], pending, out.partitions[k]);
      } else {
        out.partitions[k].fault = found.fault;
      }
    }
  }
  const auto timeout = std::chrono::milliseconds(std::max(request.timeout_ms, 0));
  pending.deadline = context_.world.clock().now() +
                     (request.acks == 0 ? std::chrono::milliseconds(context_.options.durable_wait_max) : timeout);
  co_return pending;
}

Task<std::vector<ProducedTopic>> Producer::finish(PendingProduce pending, std::stop_token stop) {
  Status settled = co_await pending.wait.wait(pending.deadline, stop);
  if (settled) co_return std::move(pending.topics);
  for (ProducedTopic& topic : pending.topics) {
    const Error* error = pending.wait.failed(topic.stream.get());
    if (error == nullptr) continue;
    for (ProducedPartition& partition : topic.partitions) {
      if (!partition.fault.ok()) continue;
      partition = {partition.partition, fault_of(*error, Subject::storage), -1, -1, -1};
    }
  }
  co_return std::move(pending.topics);
}

}  // namespace distributary
