// The inside of Stream: how the parts are put together. Private to stream/.
#pragma once

#include <map>
#include <set>

#include "stream/baseline_store.h"
#include "stream/checkpoint.h"
#include "stream/damage_notes.h"
#include "stream/group_writer.h"
#include "stream/history_reader.h"
#include "stream/key_compaction.h"
#include "stream/log_index.h"
#include "stream/node_turns.h"
#include "stream/batch_reader.h"
#include "stream/partition_sizes.h"
#include "stream/recovery.h"
#include "stream/segment_rewriter.h"
#include "stream/stream.h"

namespace distributary {

class Stream::Impl {
 public:
  Impl(World& world, std::unique_ptr<Log> log, TailCache& cache, Origin origin, StorageEpoch epoch,
       StreamOptions options, NodeTurns* turns);
  Task<Status> open();
  Task<Status> close();
  GroupWriter::Events writer_events();
  void group_began(const PendingGroup& group);
  void raise_watermarks(const PendingGroup& group);
  // Tells the listeners what applying this entry changes for readers at once; records are told of when visible.
  void announce(const ContentView& content) const;
  void tell(uint32_t ordinal, PartitionIndex partition) const;

  // --- appending (stream_append.cc)
  Status check_writable(bool takes_space) const;
  ContentFields own_fields(EntryType type, TopicUuid topic) const;
  // Adds one entry of our own; `patch` may change the payload before the checksums are taken.
  template <class Patch>
  Result<ContentView> append_own(ContentFields fields, ByteView payload, Patch patch);
  Result<ContentView> append_own(ContentFields fields, ByteView payload);
  void note_added(PendingGroup& group, const ContentView& content, uint64_t at, size_t length);
  void note_watermark(PendingGroup& group, const TopicPartition& partition);
  bool is_duplicate(const ContentView& content, const OriginPosition& position) const;
  Result<AppendedBatch> append_batch(const TopicPartition& partition, ByteView batch);
  Result<std::optional<AppendedBatch>> check_sequence(const TopicPartition& partition,
                                                      const RecordBatchView& batch) const;
  Result<Lsn> append_replicated(ByteView content);
  Result<Lsn> append_local(EntryType type, ByteView payload);
  Result<const Topic*> owned_topic(const TopicUuid& id) const;

  // --- transactions (stream_transactions.cc)
  Result<Lsn> append_note(EntryType type, ByteView payload);  // an entry of our own that is of no topic
  Result<const TransactionProducer*> open_transaction(int64_t producer_id) const;

  // --- waiting
  Task<Status> wait_for(Lsn lsn, bool durable, SteadyTime deadline, std::stop_token stop);

  // --- background work (stream_upkeep.cc)
  Task<void> upkeep_loop();
  Task<void> merge_loop();
  void upkeep_failed(const Error& error);
  Task<Status> upkeep();
  bool checkpoint_due() const;
  Task<Status> write_checkpoint(bool clean);
  Task<Status> write_checkpoint_now(bool clean);
  Task<Result<Baselines>> baselines();
  Bytes baseline_content(const Origin& of, const OriginPosition& reached, const StreamState& at) const;
  Task<bool> reindex_damaged();
  // Damage was met while reading: from now on the stream is read-only. At once when it is known already.
  Task<void> note_damage(ReadPlace place, Error error);
  Task<Result<Bytes>> read_batch(TopicUuid topic, IndexEntry entry, uint64_t looked_up);
  std::optional<SegmentInfo> segment_info(SegmentNumber number) const;

  // --- giving space back (stream_rewrite.cc)
  struct Dying {  // a sealed segment, as a survey has found it
    SegmentInfo segment;
    uint64_t dead = 0;
    WallMillis newest = 0;
    bool due = false;
  };
  void request_rewrite(bool forced);
  bool survey_due();
  Task<Status> rewrite_dead();
  Task<Status> rewrite_round(bool forced);
  Task<Status> seal_dead_tail();
  bool is_dead(const IndexEntry& entry) const;
  bool has_ended(const ContentView& batch, const Topic& topic) const;
  bool reader_behind(SegmentNumber last) const;
  bool has_dead(SegmentNumber unsealed) const;
  Task<Result<std::vector<Dying>>> survey(bool forced);
  std::vector<std::vector<SegmentInfo>> plan(const std::vector<Dying>& sealed, bool forced) const;
  Task<Status> rewrite_rows(const std::vector<Dying>& found, bool forced);
  Task<Status> rewrite_row(std::vector<SegmentInfo> row);
  Task<Status> rewrite(std::vector<SegmentInfo> from);
  Task<Status> rewrite_into(std::vector<SegmentInfo> from, RewriteNumber number);
  Result<Verdict> judge(const ContentView& batch) const;
  Task<Status> purge();

  // --- key compaction (stream_compaction.cc)
  struct Compacted {  // what the settings in force ask for, as of a version of the topics
    uint64_t version = UINT64_MAX;
    bool any = false;
    WallMillis max_lag = INT64_MAX;  // the smallest
    std::vector<bool> topics;        // by ordinal
  };
  const Compacted& compacted();
  bool has_compacted(SegmentNumber unsealed);
  bool compaction_due();
  Task<Result<bool>> take_compaction_turn(bool forced);
  Task<Status> compact(bool forced);
  Task<Result<bool>> compact_slice(uint32_t slice, uint32_t slices, bool forced);
  Task<Result<bool>> learn_keys();
  Task<Status> learn_place(size_t place);
  void weigh(std::vector<Dying>& found, uint32_t slices, bool forced);
  void note_held(const KeyCompaction::Place& place, const std::vector<Dying>& found);
  void move_compaction_due(const std::vector<SegmentInfo>& from, SegmentNumber to);
  void look_again(SegmentNumber number, WallMillis since);
  bool place_due(const KeyCompaction::Place& place, const Dying& each, bool forced);

  // --- retention (stream_retention.cc)
  EffectiveTopicSettings in_force(const Topic& topic) const;
  bool follows_ttl(const Topic& topic) const;
  bool may_expire() const;
  Lsn lowest_hold() const;
  bool held_back(Lsn last, uint64_t kept_bytes) const;
  template <class MayGo>
  SegmentNumber first_to_keep(MayGo may_go) const;
  Status append_expired(std::vector<Expired::Partition> partitions);
  Task<Status> expire_segments(WallMillis now);
  Task<Result<Offset>> first_younger(IndexKey key, Offset from, Offset end, WallMillis cutoff);
  Task<Result<Offset>> first_within(IndexKey key, Offset from, Offset end, uint64_t keep);
  Task<Result<Offset>> own_log_start(TopicPartition place, WallMillis now);
  Task<Status> expire_topic(TopicUuid id, WallMillis now);
  Task<Status> expire_topics(WallMillis now);
  Task<Result<bool>> is_dead(SegmentNumber number);
  Task<Status> drop_dead_segments();
  Task<Status> drop_segments(SegmentNumber first_kept);
  void roll_aged(WallMillis now);
  Task<Status> retain();
  Task<Status> enforce_retention();

  World& world;
  std::unique_ptr<Log> log;
  TailCache& cache;
  Origin origin;
  LogId id;
  StorageEpoch epoch;
  StreamOptions options;
  bool space_low = false;

  StreamState state;
  SegmentTable segments;
  LogIndex index;
  CheckpointStore checkpoints;
  BaselineStore baseline_store;
  DamageNotes damage_notes;
  BatchReader records;
  NodeTurns* node_turns;  // null: all turns are our own
  HistoryReader history;
  PartitionSizes sizes;
  std::unique_ptr<GroupWriter> writer;
  std::vector<Damage> damage;
  bool noting_damage = false;
  std::optional<Error> failure;
  std::map<std::string, Lsn> holds;
  std::vector<SegmentNumber> to_seal;
  Lsn checkpointed_lsn = 0;
  uint64_t checkpointed_bytes = 0;  // history bytes at the last checkpoint
  bool retaining = false;           // segments are being dropped or rewritten: one of both at a time
  bool checkpointing = false;       // one at a time
  Signal turn_ended;                // of either
  RewriteNumber last_rewrite = 0;
  bool rewrite_requested = false;
  bool rewrite_forced = false;
  uint64_t rewrites_begun = 0;  // rounds
  uint64_t rewrites_ended = 0;
  std::optional<Error> rewrite_error;  // of the last round
  uint64_t deaths_surveyed = UINT64_MAX;
  bool dead_unsealed = false;                      // the last survey left dead data where it could not be dropped yet
  std::map<SegmentNumber, WallMillis> dead_since;  // when a survey first found it
  std::map<SegmentNumber, uint64_t> undroppable;   // of what a survey calls dead in a rewritten segment
  std::set<SegmentNumber> unrewritable;            // damaged
  Signal sealed;                                   // an index was sealed
  Signal rewritten;                                // a round has ended
  Compacted compacted_topics;
  std::optional<ReadTurns::Turn> compaction_turn;  // while a round runs
  std::unique_ptr<KeyCompaction> compaction;       // while a pass runs
  std::map<SegmentNumber, WallMillis>
      compaction_due_at;                // when something that could go from it has been there for long
  std::set<SegmentNumber> compactable;  // of these, those that this round has met
  uint64_t compacted_bytes = 0;         // history bytes up to where the last round came
  uint64_t learnt_bytes = 0;            // likewise the pass that runs
  bool left_for_later = false;          // the last round met records that did not count yet
  WallMillis compacted_at = 0;          // and when it did
  SegmentNumber expired_before = 0;     // the ttl has been applied to every segment before it
  bool limits_changed = false;          // and has to be applied again: a topic may follow it now
  struct Keeper {                       // a partition that still has records in a segment
    SegmentNumber segment = 0;
    IndexKey key = 0;
    Offset end = 0;
  } keeper;
  Signal advanced;
  std::vector<PartitionListener*> listeners;
  Signal upkeep_wanted;
  Signal merge_wanted;
  TaskScope scope;
};

}  // namespace distributary
