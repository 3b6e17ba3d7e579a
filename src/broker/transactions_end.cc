// Transactions: how they end.
#include <fmt/format.h>

#include <algorithm>

#include "broker/transactions.h"
#include "model/printable.h"

namespace distributary {
namespace {

ProducerPair refused_end(Fault fault) { return {std::move(fault), kNoProducerId, kNoProducerEpoch}; }

ProducerPair invalid_end(const FoundTransaction& found, std::string_view why) {
  return refused_end({KafkaError::invalid_txn_state, fmt::format("transactional id {}: {}", quoted(found.shown), why)});
}

// An end that raises the epoch is asked for again when its answer was lost; then what it sends is what was before.
enum class Again { no, same, other };

Again asked_again(const FoundTransaction& found, const ProducerClaim& claim, bool commit) {
  const TransactionalId* known = found.registered();
  if (known == nullptr || (known->producer_id == claim.producer_id && found.epoch() == claim.epoch)) return Again::no;
  const TransactionProducer* ended =
      found.bound ? found.bound->stream->state().transactions().producer(found.bound->record.uuid, claim.producer_id)
                  : nullptr;
  if (ended != nullptr && !ended->open && ended->ended_epoch == claim.epoch) {
    // A newer producer may have come after it: only the pair that this end has given may be told.
    const bool given = !ended->by_server &&
                       (known->producer_id == claim.producer_id
                            ? found.epoch() == claim.epoch + 1 && known->epoch <= claim.epoch
                            : known->previous_producer_id == claim.producer_id && known->previous_epoch == claim.epoch);
    if (given) return ended->committed == commit ? Again::same : Again::other;
    return Again::no;
  }
  const bool of_nothing = known->previous_producer_id == claim.producer_id && known->previous_epoch == claim.epoch;
  return of_nothing && !commit && found.open() == nullptr ? Again::same : Again::no;
}

}  // namespace

Task<ProducerPair> Transactions::end(ProducerClaim claim, bool commit, bool raise_epoch, const Caller& caller,
                                     std::stop_token stop) {
  std::string name = claim.transactional_id;
  FoundTransaction found = co_await registry_.find(std::move(name), StreamAction::produce, caller);
  if (!found.fault.ok()) co_return refused_end(std::move(found.fault));
  if (raise_epoch) {
    const Again again = asked_again(found, claim, commit);
    if (again == Again::other) co_return invalid_end(found, "this transaction has ended the other way");
    if (again == Again::same) co_return co_await answer_again(std::move(found), stop);
  }
  Fault fault = registry_.check(found, claim);
  if (!fault.ok()) co_return refused_end(std::move(fault));
  if (found.open() == nullptr)
    co_return co_await end_nothing(std::move(found), std::move(claim), commit, raise_epoch, stop);
  co_return co_await end_open(std::move(found), std::move(claim), commit, raise_epoch, stop);
}

Task<ProducerPair> Transactions::end_open(FoundTransaction found, ProducerClaim claim, bool commit, bool raise_epoch,
                                          std::stop_token stop) {
  const auto next_epoch = static_cast<int16_t>(claim.epoch + (raise_epoch ? 1 : 0));
  const bool exhausted = next_epoch > kProducerEpochMax;
  int64_t fresh = kNoProducerId;
  if (exhausted) {
    Result<int64_t> id = co_await ids_.next(stop);
    if (!id) co_return refused_end(coordinator_fault(id.error()));
    fresh = *id;
    Fault fault = registry_.check(found, claim);  // it may have ended meanwhile
    if (!fault.ok()) co_return refused_end(std::move(fault));
  }
  Result<Lsn> ended = found.bound->stream->end_transaction({claim.producer_id, next_epoch, commit, false});
  if (!ended) co_return refused_end(coordinator_fault(ended.error()));
  registry_.note_ended(found);
  DurableWait wait;
  wait.add(found.bound, *ended);
  if (exhausted) {
    TransactionalIdRegistered next = registration_of(found);
    next.previous_producer_id = claim.producer_id;
    next.previous_epoch = claim.epoch;
    next.producer_id = fresh;
    next.epoch = 0;
    co_return co_await renew(std::move(found), std::move(next), std::move(wait), stop);
  }
  ProducerPair pair{{}, claim.producer_id, next_epoch};
  pair.fault = co_await settle(std::move(wait), stop);
  co_return pair.fault.ok() ? pair : refused_end(std::move(pair.fault));
}

// Nothing is in any log of what is to be ended: a repetition, or everything that was begun was refused.
Task<ProducerPair> Transactions::end_nothing(FoundTransaction found, ProducerClaim claim, bool commit, bool raise_epoch,
                                             std::stop_token stop) {
  const bool begun = registry_.begun(found);
  const TransactionProducer* last = found.producer();
  const bool repeated = last != nullptr && last->ended_epoch == claim.epoch && last->committed == commit;
  if (!raise_epoch) {
    if (!begun && !repeated) co_return invalid_end(found, "there is no transaction that could end so");
    registry_.note_ended(found);
    co_return co_await answer_again(std::move(found), stop);
  }
  if (commit) co_return invalid_end(found, "there is no transaction that could be committed");
  int64_t producer_id = claim.producer_id;
  auto next_epoch = static_cast<int16_t>(claim.epoch + 1);
  if (next_epoch > kProducerEpochMax) {
    Result<int64_t> id = co_await ids_.next(stop);
    if (!id) co_return refused_end(coordinator_fault(id.error()));
    Fault fault = registry_.check(found, claim);
    if (!fault.ok()) co_return refused_end(std::move(fault));
    producer_id = *id;
    next_epoch = 0;
  }
  registry_.note_ended(found);
  TransactionalIdRegistered next = registration_of(found);
  next.previous_producer_id = claim.producer_id;
  next.previous_epoch = claim.epoch;
  next.producer_id = producer_id;
  next.epoch = next_epoch;
  DurableWait wait;
  co_return co_await renew(std::move(found), std::move(next), std::move(wait), stop);
}

}  // namespace distributary
