// Transactions: the coordinator. Producers with a transactional id begin here, add partitions and positions, and end
// what they began; Producer asks here before it takes a transactional batch.
//
// A transaction is of one stream, and its end is one entry of that stream's log: with it, all its records and positions
// count at once, or none. So there are no markers under way, and nothing to be completed after a crash. Every answer
// waits until the stream has acknowledged what it says.
//
// Both flows of clients are served. In the first (TV1) partitions are added by name before anything is produced, and
// the epoch changes only when a producer begins anew. In the second (TV2, KIP-890: Produce 12, TxnOffsetCommit 5,
// EndTxn 5) what is produced adds its partition, and every end raises the epoch, so that nothing late can reach the
// next transaction.
//
// Faults: broker/transaction_registry.h; producer_fenced is always told as that, though older versions of an API call
// it invalid_producer_epoch; invalid_txn_state.
//
// Threads: the executor's. Requests outlive the calls.
#pragma once

#include <string>
#include <vector>

#include "broker/cursors.h"
#include "broker/producer_ids.h"
#include "broker/transaction_registry.h"
#include "model/record_batch.h"

namespace distributary {

// Who may write from now on.
struct ProducerPair {
  Fault fault;
  int64_t producer_id = kNoProducerId;
  int16_t epoch = kNoProducerEpoch;
};

struct InitTransactions {
  std::string transactional_id;
  int32_t timeout_ms = 0;
  int64_t producer_id = kNoProducerId;  // of a producer that goes on: what it has now
  int16_t epoch = kNoProducerEpoch;
};

struct TransactionTopic {
  std::string name;
  std::vector<int32_t> partitions;
};

// What one Produce request is part of.
struct ProduceTransaction {
  FoundTransaction found;
  bool adds = false;  // producing adds the partition (TV2)
};

class Transactions {
 public:
  Transactions(BrokerContext context, ProducerIds& ids, TransactionRegistry& registry)
      : context_(context), ids_(ids), registry_(registry) {}

  // Ends what is open under the id by an abort and fences its producers.
  Task<ProducerPair> begin(InitTransactions request, const Caller& caller, std::stop_token stop);
  // All or nothing: when one is refused, the others are operation_not_attempted. One fault per partition.
  Task<std::vector<std::vector<Fault>>> add_partitions(ProducerClaim claim, const std::vector<TransactionTopic>& topics,
                                                       const Caller& caller, std::stop_token stop);
  Task<Fault> add_group(ProducerClaim claim, const Caller& caller);
  // Positions that are committed with the transaction. One fault per partition.
  Task<std::vector<std::vector<Fault>>> add_positions(ProducerClaim claim, std::string group,
                                                      const std::vector<CursorCommitTopic>& topics,
                                                      const Caller& caller, std::stop_token stop);
  // With `raise_epoch` (TV2) the answer is the pair for the next transaction.
  Task<ProducerPair> end(ProducerClaim claim, bool commit, bool raise_epoch, const Caller& caller,
                         std::stop_token stop);

  // --- for Producer
  Task<ProduceTransaction> find(std::string transactional_id, bool adds, const Caller& caller);
  // Before the batches of a topic: binds the id to its stream if need be. `batch` is any of them.
  Task<Fault> prepare(ProduceTransaction& transaction, StreamHandle stream, ByteView batch, std::stop_token stop);
  // Whether this batch belongs to the open transaction; adds the partition where that is the way. Does not wait: the
  // batch is appended right behind.
  Fault admit(const ProduceTransaction& transaction, const StreamHandle& stream, const TopicPartition& partition,
              const RecordBatchView& batch);

 private:
  struct Addition;
  Task<ProducerPair> begin_again(FoundTransaction found, InitTransactions request, std::stop_token stop);
  Task<ProducerPair> renew(FoundTransaction found, TransactionalIdRegistered next, DurableWait wait,
                           std::stop_token stop);
  Task<Addition> collect(const FoundTransaction& found, const std::vector<TransactionTopic>& topics,
                         const Caller& caller);
  // Refuses what is in another stream than `stream`.
  void keep_to(const StreamHandle& stream, const FoundTransaction& found, FoundTopic& at);
  Task<Fault> extend(FoundTransaction& found, ProducerClaim claim, Addition& addition, std::stop_token stop);
  Task<Fault> commit_positions(FoundTransaction& found, ProducerClaim claim, TransactionPositions positions,
                               StreamHandle stream, std::stop_token stop);
  Task<ProducerPair> end_open(FoundTransaction found, ProducerClaim claim, bool commit, bool raise_epoch,
                              std::stop_token stop);
  Task<ProducerPair> end_nothing(FoundTransaction found, ProducerClaim claim, bool commit, bool raise_epoch,
                                 std::stop_token stop);
  Task<ProducerPair> answer_again(FoundTransaction found, std::stop_token stop);
  Task<Fault> settle(DurableWait wait, std::stop_token stop);
  Result<Lsn> open_or_extend(const FoundTransaction& found, const OpenStream& stream,
                             std::vector<TopicPartition> partitions);

  BrokerContext context_;
  ProducerIds& ids_;
  TransactionRegistry& registry_;
};

}  // namespace distributary
