#include "broker/producer.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/durable_deadline.h"
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

Producer::Producer(BrokerContext context, Transactions& transactions)
    : context_(context),
      transactions_(transactions),
      bytes_(context.world.executor, context.options.produce_bytes_in_flight_max) {}

Fault Producer::check_batch(const ProduceRequest& request, const ProduceRequest::Partition& partition,
                            const EffectiveTopicSettings& topic, std::vector<int32_t>& keyless) {
  if (!partition.records || partition.records->empty()) return {KafkaError::invalid_record, "there is no record batch"};
  BatchLimits limits = context_.options.batch;
  limits.batch_bytes = static_cast<size_t>(topic.max_message_bytes);
  Result<RecordBatchView> batch = check_produced_batch(*partition.records, limits);
  if (!batch) return fault_of(batch.error(), Subject::batch);
  if (batch->codec_bits() == static_cast<uint8_t>(Codec::zstd) && !request.zstd_allowed) {
    return {KafkaError::unsupported_compression_type, "zstd needs Produce version 7 or newer"};
  }
  const bool compacted = compacts(topic.cleanup_policy);
  Result<RecordsSummary> records = check_records(*batch, limits, decompressor_, compacted ? &keyless : nullptr);
  if (!records) return fault_of(records.error(), Subject::batch);
  if (records->null_keys > 0 && compacted) {
    return {KafkaError::invalid_record, fmt::format("{} of the {} records have no key, by which the topic is compacted",
                                                    records->null_keys, batch->record_count())};
  }
  return {};
}

Fault Producer::admit(const FoundTopic& found, const TopicPartition& place, ByteView records,
                      const ProduceTransaction* transaction) {
  Result<RecordBatchView> batch = RecordBatchView::parse(records);
  CHECK(batch.has_value());  // it was checked
  if (batch->transactional()) {
    if (transaction != nullptr) return transactions_.admit(*transaction, found.stream, place, *batch);
    return {KafkaError::invalid_txn_state, "a transactional batch comes with a transactional id"};
  }
  const TransactionProducer* open =
      found.stream->stream->state().transactions().producer(found.topic->owner, batch->producer_id());
  if (open == nullptr || !open->holds(place)) return {};
  return {KafkaError::invalid_txn_state,
          fmt::format("producer {} has a transaction open in this partition and sends a batch that is none of it",
                      batch->producer_id())};
}

void Producer::append_partition(const FoundTopic& found, const ProduceRequest& request,
                                const ProduceRequest::Partition& partition, const ProduceTransaction* transaction,
                                PendingProduce& pending, ProducedPartition& out) {
  out.fault = check_partition(*found.topic, partition.partition);
  const EffectiveTopicSettings in_force = effective_settings(
      found.topic->settings.get(), topic_defaults(found.stream->record.settings, context_.options.batch.batch_bytes));
  if (out.fault.ok()) out.fault = check_batch(request, partition, in_force, out.keyless);
  if (!out.fault.ok()) return;
  TopicPartition place{found.topic->id, static_cast<PartitionIndex>(partition.partition)};
  out.fault = admit(found, place, *partition.records, transaction);
  if (!out.fault.ok()) return;
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

Task<FoundTopic> Producer::find_topic(TopicLookup& lookup, const ProduceRequest::Topic& topic,
                                      ProduceTransaction* transaction, std::stop_token stop) {
  FoundTopic found = co_await lookup.find(topic.topic);
  if (!found.fault.ok() || transaction == nullptr) co_return found;
  Fault refused = transaction->found.fault;
  if (refused.ok() && !topic.partitions.empty() && topic.partitions[0].records) {
    refused = co_await transactions_.prepare(*transaction, found.stream, *topic.partitions[0].records, stop);
    found = co_await lookup.find(topic.topic);  // anew: the topic may have gone meanwhile
  }
  if (found.fault.ok()) found.fault = std::move(refused);
  co_return found;
}

Task<Result<PendingProduce>> Producer::append(const ProduceRequest& request, const Caller& caller,
                                              std::stop_token stop) {
  PendingProduce pending;
  CO_TRY(pending.bytes, co_await bytes_.take(record_bytes(request), stop));
  std::optional<ProduceTransaction> transaction;
  if (request.transactional_id) {
    std::string id(*request.transactional_id);
    ProduceTransaction found = co_await transactions_.find(std::move(id), request.adds_partitions, caller);
    transaction.emplace(std::move(found));
  }
  ProduceTransaction* in = transaction ? &*transaction : nullptr;
  TopicLookup lookup(context_.directory, caller);
  pending.topics.resize(request.topics.size());
  for (size_t i = 0; i < request.topics.size(); ++i) {
    const ProduceRequest::Topic& topic = request.topics[i];
    ProducedTopic& out = pending.topics[i];
    FoundTopic found = co_await find_topic(lookup, topic, in, stop);
    out.stream = found.stream;
    out.partitions.resize(topic.partitions.size());
    for (size_t k = 0; k < topic.partitions.size(); ++k) {
      out.partitions[k].partition = topic.partitions[k].partition;
      if (found.fault.ok()) {
        append_partition(found, request, topic.partitions[k], in, pending, out.partitions[k]);
      } else {
        out.partitions[k].fault = found.fault;
      }
    }
  }
  pending.deadline = request.acks == 0 ? context_.world.clock().now() + context_.options.durable_wait_max
                                       : durable_deadline(context_, request.timeout_ms);
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
      partition = {partition.partition, fault_of(*error, Subject::storage), {}, -1, -1, -1};
    }
  }
  co_return std::move(pending.topics);
}

}  // namespace distributary
