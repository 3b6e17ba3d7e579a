// Payloads of the entries of transactions (docs/formats/stream-log.md): plain values with encode and decode. Decoders
// check every count against what is left and a named limit; `corrupt` names the payload.
#pragma once

#include <string>
#include <vector>

#include "model/entry_payload.h"

namespace distributary {

inline constexpr size_t kTransactionalIdBytesMax = 4096;
inline constexpr size_t kTransactionPartitionsMax = 10'000;  // of one transaction
inline constexpr size_t kTransactionGroupsMax = 1'000;       // with positions in one transaction
inline constexpr size_t kTransactionalIdsMax = 1'000'000;    // known to one stream
inline constexpr int16_t kNoProducerEpoch = -1;
inline constexpr int16_t kProducerEpochMax = INT16_MAX - 1;  // the highest that is given out; one more fences it

// Who writes under a transactional id from now on.
struct TransactionalIdRegistered {
  std::string id;  // within its home stream
  int64_t producer_id = kNoProducerId;
  int16_t epoch = 0;
  // What the producer sent that was given the present pair: when it asks again, its answer was lost.
  int64_t previous_producer_id = kNoProducerId;
  int16_t previous_epoch = kNoProducerEpoch;
  uint32_t timeout_ms = 0;
  Uuid bound;  // stream in which its transactions are

  std::vector<uint8_t> encode() const;
  static Result<TransactionalIdRegistered> decode(ByteView payload);
  bool operator==(const TransactionalIdRegistered&) const = default;
};

// Opens a transaction, or adds partitions to the open one.
struct TransactionExtended {
  int64_t producer_id = kNoProducerId;
  int16_t epoch = 0;
  std::string transactional_id;  // as people see it
  uint32_t timeout_ms = 0;       // from the opening on
  std::vector<TopicPartition> partitions;

  std::vector<uint8_t> encode() const;
  static Result<TransactionExtended> decode(ByteView payload);
  bool operator==(const TransactionExtended&) const = default;
};

// Positions that are committed with the open transaction.
struct TransactionPositions {
  int64_t producer_id = kNoProducerId;
  int16_t epoch = 0;
  std::string group;
  std::vector<CursorCommit> positions;

  std::vector<uint8_t> encode() const;
  static Result<TransactionPositions> decode(ByteView payload);
  bool operator==(const TransactionPositions&) const = default;
};

// The end of a transaction, in all its partitions at once.
struct TransactionEnded {
  struct Marker {
    TopicPartition partition;
    Offset offset = 0;
    LeaderEpoch leader_epoch = 0;
    bool operator==(const Marker&) const = default;
  };
  int64_t producer_id = kNoProducerId;
  int16_t epoch = 0;       // under which it was written
  int16_t next_epoch = 0;  // the only one that may write from now on
  bool committed = false;
  bool by_server = false;  // the producer did not ask for it: a time-out, or a newer producer
  std::vector<Marker> markers;

  std::vector<uint8_t> encode() const;
  static Result<TransactionEnded> decode(ByteView payload);
  const Marker* marker(const TopicPartition& partition) const;
  bool operator==(const TransactionEnded&) const = default;
};

// The control batch that one partition shows of a transaction's end.
std::vector<uint8_t> control_batch_of(const TransactionEnded& ended, const TransactionEnded::Marker& marker,
                                      WallMillis appended);

}  // namespace distributary
