// StreamState: what a stream's log says, as data. A deterministic state machine: `apply` of the same entries in the same order gives the same state, on the
// source, on a replica and in recovery. Nothing here reads a clock or waits.
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
  TimestampType timestamp_type = TimestampType::create_time;
  LeaderEpoch leader_epoch = 0;
  std::vector<PartitionState> partitions;
  std::vector<LeaderEpochStart> epoch_starts;  // empty while the epoch is still 0
  uint32_t ordinal = 0;                        // dense, local; the place in checkpoint chunks
  // Another topic bound the name first: this one is reached only as "<name>@<owner uuid>".
  bool name_taken = false;
  bool operator==(const Topic&) const = default;
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

class StreamState {
 public:
  StreamState();
  ~StreamState();
  StreamState(StreamState&&) noexcept;
  StreamState& operator=(StreamState&&) noexcept;

  // Applies one entry. `corrupt` when it cannot follow this state (a gap in offsets, an unknown topic): the log is damaged, or the writer has a bug.
  Status apply(const ContentView& entry);

  const Topic* topic(const TopicUuid& id) const;
  const Topic* topic_named(const std::string& name) const;
  // By name, in order. The key is the bound name.
  const std::map<std::string, TopicUuid>& names() const { return names_; }
  size_t topic_count() const { return topics_.size(); }
  const ProducerState* producer(const ProducerKey& key) const;
  const std::map<std::string, GroupCursors>& cursors() const { return cursors_; }
  // The committed position that counts: the slot of `here` if there is one and the group is active here, else the latest by the writer's time.
  const Cursor* cursor(const std::string& group, const TopicPartition& partition) const;
  const OriginPositions& origins() const { return origins_; }
  OriginPosition origin(const Origin& origin) const;
  // Producer ids issued by `stream` so far: the next free one.
  int64_t next_producer_number(const Uuid& stream) const;

  // Totals over all history entries applied: for backlogs.
  uint64_t history_bytes() const { return history_bytes_; }
  uint64_t history_records() const { return history_records_; }

  // Maintained by Stream as groups become durable.
  void set_high_watermark(const TopicPartition& partition, Offset offset);
  // Every high watermark to the end: after recovery, when all that was read is durable.
  void raise_all_high_watermarks();

  // Checkpoint chunks (docs/formats/checkpoint.md): a stable set of names, which of them changed since they were last taken, and their bytes.
  std::vector<std::string> dirty_chunks() const;
  void clear_dirty();
  std::vector<uint8_t> encode_chunk(const std::string& name) const;
  Status load_chunk(const std::string& name, ByteView bytes);
  std::vector<std::string> all_chunks() const;

  bool operator==(const StreamState& other) const;

 private:
  friend class StreamStateApplier;
  friend class StreamStateChunks;
  Topic* find(const TopicUuid& id);
  void mark_dirty(std::string chunk);

  boost::unordered_flat_map<TopicUuid, std::unique_ptr<Topic>, UuidHash> topics_;
  std::map<std::string, TopicUuid> names_;
  std::vector<TopicUuid> ordinals_;  // nil where a topic was deleted
  boost::unordered_flat_map<ProducerKey, ProducerState, ProducerKeyHash> producers_;
  std::map<std::string, GroupCursors> cursors_;
  OriginPositions origins_;
  std::map<Uuid, int64_t> producer_numbers_;
  uint64_t history_bytes_ = 0;
  uint64_t history_records_ = 0;
  std::map<std::string, bool> dirty_;
};

}  // namespace distributary
