#include "broker/transaction_admin.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/printable.h"

namespace distributary {
namespace {

std::string_view state_of(const TransactionProducer* producer) {
  if (producer == nullptr) return kTransactionEmpty;
  if (producer->open) return kTransactionOngoing;
  return producer->committed ? kTransactionCommitted : kTransactionAborted;
}

}  // namespace

TransactionDescription TransactionAdmin::describe(const FoundTransaction& found) const {
  TransactionDescription out;
  out.id = found.shown;
  const TransactionalId& known = *found.registered();
  const TransactionProducer* producer = found.producer();
  out.state = state_of(producer);
  out.timeout_ms = known.timeout_ms;
  out.producer_id = known.producer_id;
  out.epoch = found.epoch();
  if (producer == nullptr || !producer->open) return out;
  out.started = producer->started;
  TopicUuid last;
  for (const auto& [partition, first] : producer->partitions) {
    const Topic* topic = found.bound->stream->state().topic(partition.topic);
    if (topic == nullptr) continue;
    if (out.topics.empty() || last != partition.topic)
      out.topics.push_back({context_.directory.names().display(found.bound->record.path, topic->name), {}});
    last = partition.topic;
    out.topics.back().partitions.push_back(static_cast<int32_t>(partition.partition));
  }
  return out;
}

Task<TransactionDescription> TransactionAdmin::describe(std::string transactional_id, const Caller& caller) {
  TransactionDescription out;
  out.id = transactional_id;
  std::string name = transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::read_topics, caller);
  if (!found.fault.ok()) {
    out.fault = std::move(found.fault);
    co_return out;
  }
  if (found.registered() == nullptr) {
    out.fault = {KafkaError::transactional_id_not_found,
                 fmt::format("nobody has used the transactional id {}", quoted(transactional_id))};
    co_return out;
  }
  out = describe(found);
  out.id = std::move(transactional_id);
  co_return out;
}

Task<std::vector<TransactionDescription>> TransactionAdmin::list(const Caller& caller) {
  std::vector<TransactionDescription> out;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    std::vector<std::string> ids;
    for (const auto& [key, id] : stream->stream->state().transactions().ids()) {
      if (key.first == stream->record.uuid) ids.push_back(key.second);
    }
    for (std::string& id : ids) {
      FoundTransaction found;
      found.home = stream;
      found.shown = context_.directory.names().display(stream->record.path, id);
      found.id = std::move(id);
      const TransactionalId* known = found.registered();
      if (known == nullptr) continue;
      const Uuid bound = known->bound;
      Result<StreamHandle> there = co_await context_.directory.catalog().stream_by_uuid(bound);
      if (there) found.bound = std::move(*there);
      if (found.registered() != nullptr) out.push_back(describe(found));
    }
  }
  co_return out;
}

Task<std::vector<std::vector<DescribedPartition>>> TransactionAdmin::producers(
    const std::vector<TransactionTopic>& topics, const Caller& caller) {
  std::vector<std::vector<DescribedPartition>> out;
  TopicLookup lookup(context_.directory, caller);
  for (const TransactionTopic& topic : topics) {
    TopicReference reference{topic.name, {}};
    FoundTopic found = co_await lookup.find(reference);
    std::vector<DescribedPartition>& described = out.emplace_back();
    for (int32_t index : topic.partitions) {
      DescribedPartition& partition = described.emplace_back();
      partition.partition = index;
      partition.fault = found.fault.ok() ? check_partition(*found.topic, index) : found.fault;
      if (!partition.fault.ok()) continue;
      const StreamState& state = found.stream->stream->state();
      const TopicPartition place{found.topic->id, static_cast<PartitionIndex>(index)};
      for (const auto& [id, producer] : state.producers_of(place)) {
        ActiveProducer& active = partition.producers.emplace_back();
        active.producer_id = id;
        active.epoch = producer.epoch;
        if (producer.count > 0) active.last_sequence = producer.batches[producer.count - 1u].last_sequence;
        active.last_appended = producer.last_appended;
        const TransactionProducer* open = state.transactions().producer(found.topic->owner, id);
        if (open != nullptr && open->holds(place)) active.transaction_start = open->partitions.at(place);
      }
    }
  }
  co_return out;
}

Fault TransactionAdmin::abort_in(const OpenStream& stream, int64_t producer_id, int16_t epoch) {
  const TransactionProducer* producer = stream.stream->state().transactions().producer(stream.record.uuid, producer_id);
  if (producer == nullptr || !producer->open) return {};
  if (producer->epoch != epoch) {
    return {KafkaError::invalid_producer_epoch, fmt::format("the open transaction of producer {} has epoch {}, not {}",
                                                            producer_id, producer->epoch, epoch)};
  }
  const auto next_epoch = static_cast<int16_t>(std::min<int>(epoch + 1, INT16_MAX));
  Result<Lsn> ended = stream.stream->end_transaction({producer_id, next_epoch, false, true});
  return ended ? Fault{} : coordinator_fault(ended.error());
}

Task<std::vector<std::vector<Fault>>> TransactionAdmin::abort(int64_t producer_id, int16_t epoch,
                                                              const std::vector<TransactionTopic>& topics,
                                                              const Caller& caller, std::stop_token stop) {
  std::vector<std::vector<Fault>> out;
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (const TransactionTopic& topic : topics) {
    TopicReference reference{topic.name, {}};
    FoundTopic found = co_await lookup.find(reference);
    std::vector<Fault>& faults = out.emplace_back();
    for (int32_t index : topic.partitions) {
      Fault fault = found.fault.ok() ? check_partition(*found.topic, index) : found.fault;
      if (fault.ok()) {
        const TransactionProducer* open =
            found.stream->stream->state().transactions().producer(found.stream->record.uuid, producer_id);
        const TopicPartition place{found.topic->id, static_cast<PartitionIndex>(index)};
        if (open != nullptr && open->holds(place)) fault = abort_in(*found.stream, producer_id, epoch);
        wait.add_all(found.stream);
      }
      faults.push_back(std::move(fault));
    }
  }
  Status settled = co_await wait.wait(registry_.deadline(), stop);
  for (std::vector<Fault>& faults : out) {
    for (Fault& fault : faults) {
      if (!settled && fault.ok()) fault = coordinator_fault(settled.error());
    }
  }
  co_return out;
}

}  // namespace distributary
