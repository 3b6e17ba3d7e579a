// TransactionState: the part of StreamState that is about transactions. Deterministic like the rest of it: what is
// open, who may write, which positions wait for an end, and which records were aborted, all from entries.
//
// Everything is kept per *writer*, the stream whose history says it: transactions of two streams never meet, even if a
// replica of both holds them and a producer used the same id in both. A partition without transactions takes nothing
// here.
//
// Ownership: a part of StreamState. Threads: that of its stream.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "model/transaction_payload.h"

namespace distributary {

// What a home stream knows of a transactional id.
struct TransactionalId {
  int64_t producer_id = kNoProducerId;
  int16_t epoch = 0;  // at least; the stream of its transactions may know a higher one
  int64_t previous_producer_id = kNoProducerId;
  int16_t previous_epoch = kNoProducerEpoch;
  uint32_t timeout_ms = 0;
  Uuid bound;  // stream of its transactions
  WallMillis updated = 0;
  bool operator==(const TransactionalId&) const = default;
};

// What the stream of the data knows of a producer: its open transaction, or how the last one ended.
struct TransactionProducer {
  static constexpr Offset kNothingWritten = -1;

  std::string transactional_id;            // as people see it
  int16_t epoch = 0;                       // the only one that may write
  int16_t ended_epoch = kNoProducerEpoch;  // of the last transaction that ended
  bool open = false;
  bool committed = false;  // how the last one ended
  bool by_server = false;  // and that its producer had not asked for it
  uint32_t timeout_ms = 0;
  WallMillis started = 0;
  WallMillis updated = 0;
  std::map<TopicPartition, Offset> partitions;  // of the open one: offset of its first record, or kNothingWritten
  std::map<std::string, std::map<TopicPartition, CursorCommit>> positions;  // of the open one, by group

  bool holds(const TopicPartition& partition) const { return open && partitions.contains(partition); }
  bool operator==(const TransactionProducer&) const = default;
};

struct AbortedTransaction {
  int64_t producer_id = kNoProducerId;
  Offset first = 0;
  Offset marker = 0;
  bool operator==(const AbortedTransaction&) const = default;
};

inline constexpr uint32_t kTransactionChunks = 64;

class TransactionState {
 public:
  using Writer = Uuid;
  using ProducerKey = std::pair<Writer, int64_t>;
  using ProducerMap = std::map<ProducerKey, TransactionProducer>;
  using IdMap = std::map<std::pair<Writer, std::string>, TransactionalId>;

  // --- asking
  const TransactionalId* id(const Writer& writer, const std::string& name) const;
  const TransactionProducer* producer(const Writer& writer, int64_t producer_id) const;
  const ProducerMap& producers() const { return producers_; }
  // Those with an open transaction.
  const std::set<ProducerKey>& open() const { return open_; }
  const IdMap& ids() const { return ids_; }
  // First offset of the oldest transaction in the partition that is open, or whose end is not durable: its marker is at
  // or above `high_watermark`. INT64_MAX when there is none.
  Offset first_unstable(const TopicPartition& partition, Offset high_watermark) const;
  // Aborted transactions with records in [from, end).
  std::vector<AbortedTransaction> aborted(const TopicPartition& partition, Offset from, Offset end) const;
  // The aborted transaction of a producer that a batch of its at `offset` belongs to; null when that one was committed
  // or is open.
  const AbortedTransaction* aborted_at(const TopicPartition& partition, int64_t producer_id, Offset offset) const;
  // Whether an open transaction will commit a position of this group.
  bool position_pending(const std::string& group, const TopicPartition& partition) const;

  // --- applying. `conflict`, and nothing changed, when it does not follow this state.
  void register_id(const Writer& writer, TransactionalIdRegistered registered, WallMillis appended);
  Status extend(const Writer& writer, TransactionExtended extended, WallMillis appended);
  // A transactional batch. With `after_damage` it opens what the damage has swallowed.
  Status add_batch(const Writer& writer, int64_t producer_id, int16_t epoch, const TopicPartition& partition,
                   Offset base_offset, bool after_damage);
  Status add_positions(const Writer& writer, TransactionPositions positions);
  // Gives the positions that were pending.
  using Positions = std::map<std::string, std::map<TopicPartition, CursorCommit>>;
  Result<Positions> end(const Writer& writer, const TransactionEnded& ended, WallMillis appended, bool after_damage);
  // What whole transactions have made of a producer: how the last one ended. Whatever it has open is forgotten.
  void settle(const Writer& writer, int64_t producer_id, TransactionProducer ended);
  // Forgets those that have no open transaction, and their transactional ids.
  void expire(const Writer& writer, const std::vector<int64_t>& sorted_ids);
  void drop_topic(const TopicUuid& topic);
  void drop_before(const TopicPartition& partition, Offset log_start);

  // --- maintained by Stream as groups become durable
  void became_durable(const TopicPartition& partition, Offset high_watermark);
  void all_became_durable();

  // --- checkpoints and baselines
  bool only_of(const Writer& writer) const;
  bool empty() const { return ids_.empty() && producers_.empty() && aborted_.empty(); }
  bool is_dirty(uint32_t chunk) const { return dirty_[chunk]; }
  void clear_dirty() { dirty_.fill(false); }
  void encode_chunk(Encoder& out, uint32_t chunk) const;
  // What one writer's history says, but for aborted transactions.
  void encode_writer(Encoder& out, const Writer& writer) const;
  // The inverse of both: adds to what is here, as a change. Something impossible makes `in.ok()` false.
  void load(Decoder& in);
  // What a baseline brings.
  void add(TransactionState other);

  // Same history, same state; of aborted transactions those that end at or above the log start on both sides.
  using LogStart = std::function<Offset(const TopicPartition&)>;
  bool same_as(const TransactionState& other, const LogStart& log_start) const;

 private:
  // A transaction's records in one partition, until its end is durable.
  struct Span {
    Writer writer;
    int64_t producer_id = kNoProducerId;
    Offset first = 0;
    Offset marker = kOpen;
    static constexpr Offset kOpen = -1;
  };
  using Spans = boost::unordered_flat_map<TopicPartition, std::vector<Span>, TopicPartitionHash>;
  using Aborted = std::map<TopicPartition, std::vector<AbortedTransaction>>;  // by marker, ascending

  TransactionProducer* find_open(const Writer& writer, int64_t producer_id, int16_t epoch);
  void open_span(const Writer& writer, int64_t producer_id, const TopicPartition& partition, Offset first);
  void end_span(const Writer& writer, const TransactionEnded& ended, const TransactionEnded::Marker& marker);
  void forget_open(const Writer& writer, int64_t producer_id, const TopicPartition& partition);
  void dirty_producer(int64_t producer_id);
  static uint32_t chunk_of(const std::string& id);
  static uint32_t chunk_of(int64_t producer_id);
  static uint32_t chunk_of(const TopicPartition& partition);
  template <class IdFilter, class ProducerFilter, class PartitionFilter>
  void encode(Encoder& out, IdFilter ids, ProducerFilter producers, PartitionFilter partitions) const;
  bool same_aborted(const Aborted& one, const Aborted& other, const LogStart& log_start) const;

  IdMap ids_;
  ProducerMap producers_;
  std::set<ProducerKey> open_;
  Spans spans_;
  Aborted aborted_;
  std::array<bool, kTransactionChunks> dirty_{};
};

}  // namespace distributary
