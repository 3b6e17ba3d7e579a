// TransactionRegistry: where a transactional id lives, who may write under it, and in which stream its transactions
// are.
//
// An id `/path/of/stream:id` lives in that stream, its *home*; any other in the listener's default stream. A listener
// without one takes the stream that knows the id already, else the first by path. The home holds the producer id, an
// epoch and the *bound* stream, in which the id's transactions are (docs/decisions/0010-transactions.md); the bound
// stream knows the open transaction and the epoch that counts.
//
// Threads: the executor's.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "broker/context.h"

namespace distributary {

// What a producer says of itself.
struct ProducerClaim {
  std::string transactional_id;
  int64_t producer_id = kNoProducerId;
  int16_t epoch = kNoProducerEpoch;
};

struct FoundTransaction {
  Fault fault;
  StreamHandle home;
  std::string id;      // within its home
  std::string shown;   // as people see it
  StreamHandle bound;  // null: that stream is gone, and its transactions with it

  // As of now. Null: the id is not known.
  const TransactionalId* registered() const;
  // In the bound stream; null: it has had no transaction there.
  const TransactionProducer* producer() const;
  const TransactionProducer* open() const;
  // The only one that may write.
  int16_t epoch() const;
  bool bound_to(const StreamHandle& stream) const { return bound && bound->record.uuid == stream->record.uuid; }
};

class TransactionRegistry {
 public:
  explicit TransactionRegistry(BrokerContext context) : context_(context) {}

  // `action` is what the caller needs on the home. A fault: transactional_id_authorization_failed when there is no such
  // home or the caller may not; coordinator_not_available when it cannot be opened now. An unknown id is no fault.
  Task<FoundTransaction> find(std::string transactional_id, StreamAction action, const Caller& caller);
  // concurrent_transactions, invalid_producer_id_mapping, producer_fenced.
  Fault check(const FoundTransaction& found, const ProducerClaim& claim) const;
  // Binds the id to the stream in which its next transaction will be; durable when it returns. policy_violation when a
  // transaction is open in another stream.
  Task<Fault> bind(FoundTransaction& found, ProducerClaim claim, StreamHandle stream, std::stop_token stop);

  // While a step that waits is under way, no other is begun for the same id.
  class Lock {
   public:
    Lock(TransactionRegistry& registry, const FoundTransaction& found)
        : registry_(registry), key_(key_of(found)), held_(registry.busy_.insert(key_).second) {}
    ~Lock() {
      if (held_) registry_.busy_.erase(key_);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    bool held() const { return held_; }

   private:
    TransactionRegistry& registry_;
    std::pair<Uuid, std::string> key_;
    bool held_;
  };

  // A transaction is of one stream: it has begun in one and cannot reach into the other. Logged, but not more often
  // than kRefusalLogInterval: a client can cause it without end.
  static constexpr Duration kRefusalLogInterval = std::chrono::minutes(1);
  Fault spans_streams(const FoundTransaction& found, const OpenStream& one, const OpenStream& other);

  // A producer has begun something that left no trace in a log: its next end is no surprise. Forgotten at a restart.
  void note_begun(const FoundTransaction& found) { begun_.insert(key_of(found)); }
  bool begun(const FoundTransaction& found) const { return begun_.contains(key_of(found)); }
  void note_ended(const FoundTransaction& found) { begun_.erase(key_of(found)); }
  SteadyTime deadline() const { return context_.world.clock().now() + context_.options.durable_wait_max; }

 private:
  using Key = std::pair<Uuid, std::string>;
  static Key key_of(const FoundTransaction& found) { return {found.home->record.uuid, found.id}; }
  Task<Result<StreamHandle>> home_of(std::string id);
  Task<Fault> find_bound(FoundTransaction& found);

  BrokerContext context_;
  std::set<Key> busy_;
  std::set<Key> begun_;
  SteadyTime refusal_logged_ = SteadyTime::min();
  uint64_t refusals_unlogged_ = 0;
};

// What a coordinator answers when a stream could not do it.
Fault coordinator_fault(const Error& error);
// What the home keeps, with everything as it is now: for a change of a part of it.
TransactionalIdRegistered registration_of(const FoundTransaction& found);

}  // namespace distributary
