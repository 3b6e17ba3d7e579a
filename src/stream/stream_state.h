// StreamState: what a stream's log says, as data. A deterministic state machine: `apply` of the same entries in the
// same order gives the same state, on the source, on a replica and in recovery. Nothing here reads a clock or waits.
//
// Ownership: belongs to one Stream. Threads: that stream's executor.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/entry.h"
#include "model/entry_payload.h"
#include "model/ids.h"
#include "model/record_batch.h"
#include "model/rewritten_entry.h"
#include "stream/transaction_state.h"

namespace distributary {

// 24 bytes for an untouched partition.
struct PartitionState {
  Offset log_start = 0;
  Offset next = 0;            // offset of the next record
  Offset high_watermark = 0;  // records below it are durable (maintained by Stream, not by apply)
  bool operator==(const PartitionState&) const = default;
};

// From `starts[partition]` on, records were written under `epoch`.
struct LeaderEpochStart {
  LeaderEpoch epoch = 0;
  std::vector<Offset> starts;
  bool operator==(const LeaderEpochStart&) const = default;
};

struct Topic {
  TopicUuid id;
  std::string name;
  Uuid owner;
  Origin creator;
  OriginLsn created_at = 0;
  TimestampType timestamp_type = TimestampType::create_time;  // in force, whether its own or the stream's
  std::unique_ptr<const TopicSettings> settings;              // null while it has none of its own
  LeaderEpoch leader_epoch = 0;
  std::vector<PartitionState> partitions;
  std::vector<LeaderEpochStart> epoch_starts;  // empty while the epoch is still 0
  uint32_t ordinal = 0;                        // dense and local to this log; never used again
  // Another topic bound the name first: this one is reached only as "<name>@<owner uuid>".
  bool name_taken = false;

  TopicSettings own_settings() const { return settings ? *settings : TopicSettings(); }
  void set_settings(TopicSettings own) {
    settings = own.empty() ? nullptr : std::make_unique<const TopicSettings>(std::move(own));
  }
};

// What is remembered of an idempotent producer on one partition.
struct ProducerState {
  struct Batch {
    int32_t first_sequence = -1;
    int32_t last_sequence = -1;
    Offset base_offset = -1;
    bool operator==(const Batch&) const = default;
  };
  static constexpr size_t kBatchesKept = 5;
  int16_t epoch = -1;
  uint8_t count = 0;  // of `batches`, newest last
  WallMillis last_appended = 0;
  std::array<Batch, kBatchesKept> batches;
  bool operator==(const ProducerState&) const = default;
};
struct ProducerKey {
  TopicPartition partition;
  int64_t producer_id = -1;
  bool operator==(const ProducerKey&) const = default;
};
struct ProducerKeyHash {
  size_t operator()(const ProducerKey& key) const {
    return TopicPartitionHash{}(key.partition) * 1000003 + static_cast<size_t>(key.producer_id);
  }
};

// A committed position. One slot per writing stream, so that replicas never disagree.
struct Cursor {
  Uuid writer;
  Offset offset = -1;
  LeaderEpoch leader_epoch = -1;
  WallMillis committed = 0;  // at the writer
  std::string metadata;
  bool operator==(const Cursor&) const = default;
};
using GroupCursors = std::map<TopicPartition, std::vector<Cursor>>;

struct OriginPosition {
  OriginLsn lsn = 0;
  Hash128 chain;  // after `lsn`
  bool operator==(const OriginPosition&) const = default;
};
using OriginPositions = std::map<Origin, OriginPosition>;

// One piece of a checkpoint: what is written again when anything in it has changed.
struct StateChunk {
  enum class Kind : uint8_t { meta = 0, topics = 1, cursors = 2, producers = 3, transactions = 5 };
  Kind kind = Kind::meta;
  uint32_t index = 0;
  auto operator<=>(const StateChunk&) const = default;
};

inline constexpr uint32_t kTopicOrdinalsMax = 1u << 26;  // topics that a stream may ever have had: 8 bytes each
inline constexpr uint32_t kTopicsPerChunk = 256;         // consecutive ordinals
inline constexpr uint32_t kCursorChunks = 64;            // by group
inline constexpr uint32_t kProducerChunks = 64;          // by producer id
// Of any id, also one that no producer of ours would have: links and disks bring what they like.
inline uint32_t producer_chunk(int64_t id) {
  return static_cast<uint32_t>(static_cast<uint64_t>(id) % kProducerChunks);
}

class StreamState {
 public:
  StreamState() = default;
  StreamState(StreamState&&) noexcept = default;
  StreamState& operator=(StreamState&&) noexcept = default;

  // Applies one entry. `corrupt`, and nothing changed, when it cannot follow this state (a gap in offsets, an unknown
  // topic): the log is damaged, or the writer has a bug. With `after_damage`, gaps in offsets and origin LSNs are
  // stepped over (a damaged log is being read for what is left of it).
  Status apply(const ContentView& entry, bool after_damage = false);

  const Topic* topic(const TopicUuid& id) const;
  const Topic* topic_named(const std::string& name) const;
  const Topic* topic_at(uint32_t ordinal) const;
  // By bound name, in order.
  const std::map<std::string, uint32_t>& names() const { return names_; }
  size_t topic_count() const { return ordinals_.size(); }
  uint32_t ordinals_end() const { return static_cast<uint32_t>(topics_.size()); }
  // Another number whenever a topic was created, altered or deleted. Local: 0 after opening, in no checkpoint.
  uint64_t topics_version() const { return topics_version_; }
  const ProducerState* producer(const ProducerKey& key) const;
  const std::map<std::string, GroupCursors>& cursors() const { return cursors_; }
  // The committed position that counts: the slot of `here` if there is one (pass it while the group is active here),
  // else the latest by the writers' time.
  const Cursor* cursor(const std::string& group, const TopicPartition& partition, const Uuid* here = nullptr) const;
  const OriginPositions& origins() const { return origins_; }
  OriginPosition origin(const Origin& origin) const;
  // Up to where history of `origin` may come with entries dropped by a rewrite: as was said at first contact, when
  // nothing of the origin was here. 0: it must come whole.
  OriginLsn rewritten_until(const Origin& origin) const;
  // How many producer ids `stream` has issued.
  int64_t producer_ids_issued(const Uuid& stream) const;

  const TransactionState& transactions() const { return transactions_; }
  // Where a reader of committed records stops: the first offset of the oldest open transaction, else the high
  // watermark.
  Offset last_stable(const Topic& topic, PartitionIndex partition) const;
  // What is remembered of every idempotent producer on one partition.
  std::vector<std::pair<int64_t, ProducerState>> producers_of(const TopicPartition& partition) const;

  // Totals over all history entries applied: for backlogs.
  uint64_t history_bytes() const { return history_bytes_; }
  uint64_t history_records() const { return history_records_; }

  // The baseline of one origin: what a replica that knows nothing of it must have before it can follow. Up to
  // `rewritten_until` what follows is not whole.
  std::vector<uint8_t> encode_baseline(const Origin& origin, OriginLsn rewritten_until) const;
  // Grows when records die: a topic is deleted, a log start moves.
  uint64_t deaths() const { return deaths_; }

  // Maintained by Stream as groups become durable.
  void set_high_watermark(uint32_t ordinal, PartitionIndex partition, Offset offset);
  // Every high watermark to the end: after recovery, when all that was read is durable.
  void raise_all_high_watermarks();

  // Checkpoints (docs/formats/checkpoint.md).
  std::vector<StateChunk> all_chunks() const;
  std::vector<StateChunk> dirty_chunks() const;
  void clear_dirty();
  std::vector<uint8_t> encode_chunk(const StateChunk& chunk) const;
  Status load_chunk(const StateChunk& chunk, ByteView bytes);

  // Same history, same state (ordinals and high watermarks are local and not compared).
  bool same_as(const StreamState& other) const;

 private:
  struct ChunkCodec;  // stream_state_chunks.cc
  uint32_t adopt(std::unique_ptr<Topic> topic);
  Topic* find(const TopicUuid& id);
  void dirty(StateChunk::Kind kind, uint32_t index);
  Status follow_origin(const ContentView& entry, bool after_damage);
  Status apply_baseline(const ContentView& entry);
  Status apply_history(const ContentView& entry, bool after_damage);
  Status apply_batch(const ContentView& entry, bool after_damage);
  Status skip(const ContentView& entry, bool after_damage);
  Status check_skipped(const ContentView& entry, const Skipped& skipped, bool after_damage) const;
  void remember_producer(const ContentView& entry, const RecordBatchView& batch);
  void remember_batch(const ProducerKey& key, int16_t epoch, const ProducerState::Batch& batch, WallMillis appended);
  Status create_topic(const ContentView& entry);
  Status alter_topic(const ContentView& entry);
  Status delete_topic(const ContentView& entry);
  Status commit_cursors(const ContentView& entry);
  Status delete_cursors(const ContentView& entry);
  Status expire_producers(const ContentView& entry);
  Status issue_producer_ids(const ContentView& entry);
  void raise_epochs(const ContentView& entry);
  Status delete_records(const ContentView& entry);
  Status expire(const ContentView& entry);
  void put_cursor(const std::string& group, const Uuid& writer, CursorCommit commit, WallMillis committed);
  // stream_state_transactions.cc
  Status apply_transaction(const ContentView& entry, bool after_damage);
  Status extend_transaction(const ContentView& entry);
  Status end_transaction(const ContentView& entry, bool after_damage);
  Status check_steps(const ContentView& entry, const Skipped& skipped) const;
  void take_steps(const Uuid& writer, const Skipped& skipped, bool after_damage);
  void take_note(const Uuid& writer, const SkippedNote& note, bool after_damage);
  void take_positions(const Uuid& writer, TransactionState::Positions positions, WallMillis ended);
  Status check_markers(const TransactionEnded& ended, bool after_damage) const;

  std::vector<std::unique_ptr<Topic>> topics_;  // by ordinal; null where deleted
  boost::unordered_flat_map<TopicUuid, uint32_t, UuidHash> ordinals_;
  std::map<std::string, uint32_t> names_;
  boost::unordered_flat_map<ProducerKey, ProducerState, ProducerKeyHash> producers_;
  std::map<std::string, GroupCursors> cursors_;
  OriginPositions origins_;
  std::map<Origin, OriginLsn> rewritten_until_;
  std::map<Uuid, int64_t> producer_ids_issued_;
  uint64_t history_bytes_ = 0;
  uint64_t history_records_ = 0;
  uint64_t topics_version_ = 0;
  uint64_t deaths_ = 0;
  TransactionState transactions_;
  std::array<std::vector<bool>, 4> dirty_;  // by kind, then index; transactions_ has its own
};

}  // namespace distributary
