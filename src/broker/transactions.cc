#include "broker/transactions.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/printable.h"

namespace distributary {
namespace {

ProducerPair refused(Fault fault) { return {std::move(fault), kNoProducerId, kNoProducerEpoch}; }

Fault invalid_state(const FoundTransaction& found, std::string_view why) {
  return {KafkaError::invalid_txn_state, fmt::format("transactional id {}: {}", quoted(found.shown), why)};
}

template <class Topics>
std::vector<std::vector<Fault>> one_each(const Topics& topics, const Fault& fault) {
  std::vector<std::vector<Fault>> out;
  for (const auto& topic : topics) out.emplace_back(topic.partitions.size(), fault);
  return out;
}

ProducerClaim claim_of(const FoundTransaction& found, const RecordBatchView& batch) {
  return {found.shown, batch.producer_id(), batch.producer_epoch()};
}

// The coroutines below hold no loops over what they keep: see io/task.h.
void refuse_the_others(const Fault& fault, std::vector<std::vector<Fault>>& out) {
  for (std::vector<Fault>& faults : out) {
    for (Fault& one : faults) {
      if (one.ok()) one = fault;
    }
  }
}

void take_positions(const FoundTopic& at, const CursorCommitTopic& topic, std::vector<Fault>& faults,
                    TransactionPositions& out) {
  for (size_t i = 0; i < topic.partitions.size(); ++i) {
    const CursorCommitTopic::Partition& partition = topic.partitions[i];
    faults[i] = check_cursor(at, partition);
    if (!faults[i].ok()) continue;
    TopicPartition place{at.topic->id, static_cast<PartitionIndex>(partition.partition)};
    out.positions.push_back({place, partition.offset, partition.leader_epoch, partition.metadata});
  }
}

}  // namespace

Task<Fault> Transactions::settle(DurableWait wait, std::stop_token stop) {
  Status settled = co_await wait.wait(registry_.deadline(), stop);
  co_return settled ? Fault{} : coordinator_fault(settled.error());
}

Task<ProducerPair> Transactions::answer_again(FoundTransaction found, std::stop_token stop) {
  ProducerPair pair{{}, found.registered()->producer_id, found.epoch()};
  DurableWait wait;
  wait.add_all(found.home);
  if (found.bound) wait.add_all(found.bound);
  pair.fault = co_await settle(std::move(wait), stop);
  co_return pair;
}

Task<ProducerPair> Transactions::renew(FoundTransaction found, TransactionalIdRegistered next, DurableWait wait,
                                       std::stop_token stop) {
  ProducerPair pair{{}, next.producer_id, next.epoch};
  Result<Lsn> registered = found.home->stream->register_transactional_id(std::move(next));
  if (!registered) co_return refused(coordinator_fault(registered.error()));
  wait.add(found.home, *registered);
  pair.fault = co_await settle(std::move(wait), stop);
  co_return pair.fault.ok() ? pair : refused(std::move(pair.fault));
}

Task<ProducerPair> Transactions::begin(InitTransactions request, const Caller& caller, std::stop_token stop) {
  const auto timeout_max = context_.options.transaction_timeout_max.count();
  if (request.transactional_id.empty())
    co_return refused({KafkaError::invalid_request, "a transactional id is not empty"});
  if (request.timeout_ms <= 0 || request.timeout_ms > timeout_max) {
    co_return refused(
        {KafkaError::invalid_transaction_timeout,
         fmt::format("the time-out of a transaction is 1 to {} ms, not {}", timeout_max, request.timeout_ms)});
  }
  std::string name = request.transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::produce, caller);
  if (!found.fault.ok()) co_return refused(std::move(found.fault));
  TransactionRegistry::Lock lock(registry_, found);
  if (!lock.held())
    co_return refused({KafkaError::concurrent_transactions, "another producer is just beginning; try again"});
  if (found.registered() != nullptr) co_return co_await begin_again(std::move(found), std::move(request), stop);
  Result<int64_t> fresh = co_await ids_.next(stop);
  if (!fresh) co_return refused(coordinator_fault(fresh.error()));
  TransactionalIdRegistered first{found.id,
                                  *fresh,
                                  0,
                                  kNoProducerId,
                                  kNoProducerEpoch,
                                  static_cast<uint32_t>(request.timeout_ms),
                                  found.home->record.uuid};
  DurableWait wait;
  co_return co_await renew(std::move(found), std::move(first), std::move(wait), stop);
}

Task<ProducerPair> Transactions::begin_again(FoundTransaction found, InitTransactions request, std::stop_token stop) {
  const TransactionalId known = *found.registered();
  const bool goes_on = request.producer_id != kNoProducerId;
  if (goes_on) {
    const bool present = request.producer_id == known.producer_id && request.epoch == found.epoch();
    const bool asked_before =
        request.producer_id == known.previous_producer_id && request.epoch == known.previous_epoch;
    if (!present && asked_before && found.open() == nullptr) co_return co_await answer_again(std::move(found), stop);
    if (!present) co_return refused({KafkaError::producer_fenced, "a newer producer has begun with this id"});
  }
  const bool exhausted = found.epoch() >= kProducerEpochMax;
  int64_t producer_id = known.producer_id;
  if (exhausted) {
    Result<int64_t> fresh = co_await ids_.next(stop);
    if (!fresh) co_return refused(coordinator_fault(fresh.error()));
    producer_id = *fresh;
  }
  const auto next_epoch = static_cast<int16_t>(std::min<int>(found.epoch() + 1, INT16_MAX));
  DurableWait wait;
  if (found.open() != nullptr) {
    Result<Lsn> ended = found.bound->stream->end_transaction({known.producer_id, next_epoch, false, true});
    if (!ended) co_return refused(coordinator_fault(ended.error()));
    wait.add(found.bound, *ended);
  }
  registry_.note_ended(found);
  TransactionalIdRegistered next = registration_of(found);
  next.producer_id = producer_id;
  next.epoch = exhausted ? int16_t{0} : next_epoch;
  next.previous_producer_id = goes_on ? request.producer_id : kNoProducerId;
  next.previous_epoch = goes_on ? request.epoch : kNoProducerEpoch;
  next.timeout_ms = static_cast<uint32_t>(request.timeout_ms);
  co_return co_await renew(std::move(found), std::move(next), std::move(wait), stop);
}

// The partitions that a client names, as long as nothing is wrong with one of them.
struct Transactions::Addition {
  std::vector<std::vector<Fault>> faults;
  StreamHandle stream;
  std::vector<TopicPartition> places;
  bool refused = false;

  void add(const FoundTopic& at, const TransactionTopic& topic) {
    std::vector<Fault>& out = faults.emplace_back();
    for (int32_t partition : topic.partitions) {
      Fault fault = at.fault.ok() ? check_partition(*at.topic, partition) : at.fault;
      if (fault.ok()) places.push_back({at.topic->id, static_cast<PartitionIndex>(partition)});
      refused = refused || !fault.ok();
      out.push_back(std::move(fault));
    }
  }
};

Task<Transactions::Addition> Transactions::collect(const FoundTransaction& found,
                                                   const std::vector<TransactionTopic>& topics, const Caller& caller) {
  Addition addition;
  TopicLookup lookup(context_.directory, caller);
  for (const TransactionTopic& topic : topics) {
    TopicReference reference{topic.name, {}};
    FoundTopic at = co_await lookup.find(reference);
    if (at.fault.ok() && !addition.stream) addition.stream = found.open() != nullptr ? found.bound : at.stream;
    keep_to(addition.stream, found, at);
    addition.add(at, topic);
  }
  if (addition.refused)
    refuse_the_others({KafkaError::operation_not_attempted, "another partition was refused"}, addition.faults);
  co_return addition;
}

Result<Lsn> Transactions::open_or_extend(const FoundTransaction& found, const OpenStream& stream,
                                         std::vector<TopicPartition> partitions) {
  const TransactionProducer* open = found.open();
  if (open != nullptr) {
    std::erase_if(partitions, [&](const TopicPartition& partition) { return open->holds(partition); });
    if (partitions.empty()) return stream.stream->last_lsn();
  }
  const TransactionalId& known = *found.registered();
  return stream.stream->extend_transaction(
      {known.producer_id, found.epoch(), found.shown, known.timeout_ms, std::move(partitions)});
}

Task<Fault> Transactions::extend(FoundTransaction& found, ProducerClaim claim, Addition& addition,
                                 std::stop_token stop) {
  Fault fault = co_await registry_.bind(found, claim, addition.stream, stop);
  if (fault.ok()) fault = registry_.check(found, claim);
  if (!fault.ok()) co_return fault;
  Result<Lsn> extended = open_or_extend(found, *addition.stream, std::move(addition.places));
  if (!extended) co_return coordinator_fault(extended.error());
  DurableWait wait;
  wait.add(addition.stream, *extended);
  co_return co_await settle(std::move(wait), stop);
}

Task<std::vector<std::vector<Fault>>> Transactions::add_partitions(ProducerClaim claim,
                                                                   const std::vector<TransactionTopic>& topics,
                                                                   const Caller& caller, std::stop_token stop) {
  std::string name = claim.transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::produce, caller);
  Fault fault = found.fault.ok() ? registry_.check(found, claim) : found.fault;
  if (!fault.ok()) co_return one_each(topics, fault);
  registry_.note_begun(found);
  Addition addition = co_await collect(found, topics, caller);
  if (addition.refused || addition.places.empty()) co_return std::move(addition.faults);
  fault = co_await extend(found, std::move(claim), addition, stop);
  co_return one_each(topics, fault);
}

Task<Fault> Transactions::add_group(ProducerClaim claim, const Caller& caller) {
  std::string name = claim.transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::produce, caller);
  Fault fault = found.fault.ok() ? registry_.check(found, claim) : found.fault;
  if (fault.ok()) registry_.note_begun(found);
  co_return fault;
}

Task<Fault> Transactions::commit_positions(FoundTransaction& found, ProducerClaim claim, TransactionPositions positions,
                                           StreamHandle stream, std::stop_token stop) {
  Fault fault = co_await registry_.bind(found, claim, stream, stop);
  if (fault.ok()) fault = registry_.check(found, claim);
  if (!fault.ok()) co_return fault;
  if (found.open() == nullptr) {
    Result<Lsn> opened = open_or_extend(found, *stream, {});
    if (!opened) co_return coordinator_fault(opened.error());
  }
  Result<Lsn> added = stream->stream->add_positions(std::move(positions));
  if (!added) co_return coordinator_fault(added.error());
  DurableWait wait;
  wait.add(stream, *added);
  co_return co_await settle(std::move(wait), stop);
}

void Transactions::keep_to(const StreamHandle& stream, const FoundTransaction& found, FoundTopic& at) {
  if (at.fault.ok() && at.stream->record.uuid != stream->record.uuid)
    at.fault = registry_.spans_streams(found, *stream, *at.stream);
}

Task<std::vector<std::vector<Fault>>> Transactions::add_positions(ProducerClaim claim, std::string group,
                                                                  const std::vector<CursorCommitTopic>& topics,
                                                                  const Caller& caller, std::stop_token stop) {
  std::string name = claim.transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::produce, caller);
  Fault fault = found.fault.ok() ? registry_.check(found, claim) : found.fault;
  std::vector<std::vector<Fault>> out = one_each(topics, fault);
  if (!fault.ok()) co_return out;
  registry_.note_begun(found);
  TransactionPositions positions{claim.producer_id, claim.epoch, std::move(group), {}};
  StreamHandle stream = found.open() != nullptr ? found.bound : nullptr;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    FoundTopic at = co_await lookup.find(topics[i].topic);
    if (at.fault.ok() && !stream) stream = at.stream;
    keep_to(stream, found, at);
    take_positions(at, topics[i], out[i], positions);
  }
  if (positions.positions.empty()) co_return out;
  fault = co_await commit_positions(found, std::move(claim), std::move(positions), std::move(stream), stop);
  if (!fault.ok()) refuse_the_others(fault, out);
  co_return out;
}

Task<ProduceTransaction> Transactions::find(std::string transactional_id, bool adds, const Caller& caller) {
  ProduceTransaction transaction;
  transaction.adds = adds;
  transaction.found = co_await registry_.find(std::move(transactional_id), StreamAction::produce, caller);
  co_return transaction;
}

Task<Fault> Transactions::prepare(ProduceTransaction& transaction, StreamHandle stream, ByteView batch,
                                  std::stop_token stop) {
  if (!transaction.adds) co_return Fault{};
  Result<RecordBatchView> view = RecordBatchView::parse(batch);
  if (!view || !view->transactional()) co_return Fault{};  // said when it is appended
  ProducerClaim claim = claim_of(transaction.found, *view);
  co_return co_await registry_.bind(transaction.found, std::move(claim), std::move(stream), stop);
}

Fault Transactions::admit(const ProduceTransaction& transaction, const StreamHandle& stream,
                          const TopicPartition& partition, const RecordBatchView& batch) {
  const FoundTransaction& found = transaction.found;
  Fault fault = registry_.check(found, claim_of(found, batch));
  if (!fault.ok()) return fault;
  const TransactionProducer* open = found.open();
  if (open != nullptr && !found.bound_to(stream)) return registry_.spans_streams(found, *found.bound, *stream);
  if (open != nullptr && open->holds(partition)) return {};
  if (!transaction.adds || !found.bound_to(stream))
    return invalid_state(found, "this partition was not added to its open transaction");
  registry_.note_begun(found);
  Result<Lsn> extended = open_or_extend(found, *stream, {partition});
  return extended ? Fault{} : fault_of(extended.error(), Subject::append);
}

}  // namespace distributary
