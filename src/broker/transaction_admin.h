// TransactionAdmin: what administrators' tools see of transactions, and the ending of one that hangs.
//
// Threads: the executor's. Requests outlive the calls.
#pragma once

#include <string>
#include <vector>

#include "broker/transactions.h"

namespace distributary {

// The states that there are here: an end is one step, so nothing is ever being prepared.
inline constexpr std::string_view kTransactionEmpty = "Empty";
inline constexpr std::string_view kTransactionOngoing = "Ongoing";
inline constexpr std::string_view kTransactionCommitted = "CompleteCommit";
inline constexpr std::string_view kTransactionAborted = "CompleteAbort";

struct TransactionDescription {
  Fault fault;  // transactional_id_not_found
  std::string id;
  std::string_view state = kTransactionEmpty;
  uint32_t timeout_ms = 0;
  WallMillis started = -1;  // of the open one
  int64_t producer_id = kNoProducerId;
  int16_t epoch = kNoProducerEpoch;
  std::vector<TransactionTopic> topics;  // of the open one
};

struct ActiveProducer {
  int64_t producer_id = kNoProducerId;
  int16_t epoch = kNoProducerEpoch;
  int32_t last_sequence = -1;
  WallMillis last_appended = -1;
  Offset transaction_start = -1;  // of its open transaction in this partition
};

struct DescribedPartition {
  int32_t partition = 0;
  Fault fault;
  std::vector<ActiveProducer> producers;
};

class TransactionAdmin {
 public:
  TransactionAdmin(BrokerContext context, TransactionRegistry& registry) : context_(context), registry_(registry) {}

  Task<TransactionDescription> describe(std::string transactional_id, const Caller& caller);
  // Of every stream that the caller may see.
  Task<std::vector<TransactionDescription>> list(const Caller& caller);
  Task<std::vector<std::vector<DescribedPartition>>> producers(const std::vector<TransactionTopic>& topics,
                                                               const Caller& caller);
  // Aborts the open transaction of this producer id and epoch that one of these partitions belongs to: the whole of it,
  // for it ends everywhere at once. Nothing open is no fault. One fault per partition.
  Task<std::vector<std::vector<Fault>>> abort(int64_t producer_id, int16_t epoch,
                                              const std::vector<TransactionTopic>& topics, const Caller& caller,
                                              std::stop_token stop);

 private:
  TransactionDescription describe(const FoundTransaction& found) const;
  static Fault abort_in(const OpenStream& stream, int64_t producer_id, int16_t epoch);

  BrokerContext context_;
  TransactionRegistry& registry_;
};

}  // namespace distributary
