// Stream: one stream's log and everything derived from it. The core that brokers, links and tools use.
//
// Appending is in two steps. `append_*` decides and applies at once, without waiting: it assigns offset and LSN and
// puts the entry into the group that gathers. `wait_acknowledged` / `wait_durable` then waits for the group commit. So
// the order of calls is the order in the log, and many requests share one sync.
//
// Nothing undurable is seen by others: fetch stops at the high watermark (durable, in `sync` mode), read_log at the
// durable LSN. State read from `state()` may be ahead of the disk: an answer built from it waits with
// `wait_acknowledged(last_lsn())` first.
//
// Ownership: made by `open`; `close` must be awaited before destruction. Threads: the executor it was opened on.
// After a failed write or sync `failure()` is set, every wait fails, and the owner discards this object and opens the
// stream again.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/piece.h"
#include "io/signal.h"
#include "io/world.h"
#include "model/entry.h"
#include "model/entry_payload.h"
#include "storage/log_store.h"
#include "stream/damage.h"
#include "stream/log_position.h"
#include "stream/partition_listener.h"
#include "stream/stream_options.h"
#include "stream/stream_state.h"

namespace distributary {

struct NodeTurns;
class TailCache;

struct AppendedBatch {
  Offset base_offset = -1;
  Lsn lsn = 0;  // wait for it before answering; for a duplicate, the original's (or 0 when long durable)
  WallMillis log_append_time = -1;  // -1 with createtime
  bool duplicate = false;           // an idempotent producer's retry: nothing was appended
};

struct FetchedBatches {
  std::vector<Piece> batches;  // record batches as stored, in offset order, the first one holding the asked offset
  size_t bytes = 0;
  Offset next = 0;  // after the last of them
  Offset high_watermark = 0;
  Offset last_stable = 0;
  Offset log_start = 0;
};

struct OffsetAtTime {
  Offset offset = -1;
  WallMillis timestamp = -1;
};

class Stream {
 public:
  // Recovers from the newest checkpoint and the log after it. The log was opened under `epoch`. A damaged stream opens
  // read-only. `turns`: in which all streams of a node read the device and are compacted; it outlives the stream. Null:
  // only its own fetches take turns.
  static Task<Result<std::unique_ptr<Stream>>> open(World& world, std::unique_ptr<Log> log, TailCache& cache,
                                                    Origin origin, StorageEpoch epoch, StreamOptions options,
                                                    NodeTurns* turns = nullptr);
  ~Stream();
  // Ends background work; writes a checkpoint and a clean-stop mark unless the stream failed.
  Task<Status> close();

  Origin origin() const;
  StorageEpoch epoch() const;  // under which the log is open: a higher one is a newer owner
  const StreamState& state() const;
  const std::optional<Error>& failure() const;
  const std::vector<Damage>& damage() const;  // not empty: read-only
  void set_options(StreamOptions options);    // ttl, durability and the like, for what comes next
  const StreamOptions& options() const;
  // While true, appends by producers fail with storage_full; deletes, cursors and reads go on.
  void set_space_low(bool low);

  // --- Writing what originates here. Errors: not_found, not_owner, conflict, fenced, storage_full, too_large,
  // invalid_argument, or the failure. `batch` has been checked (model/record_batch.h). An idempotent producer's
  // sequence: `conflict` when out of order, `fenced` for an old epoch.
  Result<AppendedBatch> append_batch(const TopicPartition& partition, ByteView batch);
  struct CreatedTopic {
    TopicUuid id;
    Lsn lsn = 0;
  };
  // A timestamp type in `settings` counts before `timestamp_type`.
  Result<CreatedTopic> create_topic(const std::string& name, uint32_t partitions, TimestampType timestamp_type,
                                    TopicSettings settings = {});
  // Whether this stream owns the topic and so may change it: not_found, not_owner.
  Status check_owner(const TopicUuid& topic) const;
  // Everything in `change` holds from then on; start from what the topic has.
  Result<Lsn> alter_topic(const TopicUuid& topic, TopicAltered change);
  Result<Lsn> delete_topic(const TopicUuid& topic);
  // The writer is set to this stream. Cursors may be committed on any topic, owned or not.
  Result<Lsn> commit_cursors(const std::string& group, std::vector<CursorCommit> cursors);
  // Deletes what this stream wrote. Slots of other writers stay: a slot is changed by its writer only.
  Result<Lsn> delete_cursors(CursorsDeleted cursors);
  Result<Lsn> delete_records(const TopicPartition& partition, Offset log_start);
  struct IssuedProducerIds {
    int64_t first = 0;
    Lsn lsn = 0;
  };
  // --- Transactions (docs/formats/stream-log.md). A transaction is of the stream that owns its topics; a transactional
  // batch is taken only in a partition that was added. `conflict` when it does not follow what is open here.
  Result<Lsn> register_transactional_id(TransactionalIdRegistered registered);
  Result<Lsn> extend_transaction(TransactionExtended extended);
  Result<Lsn> add_positions(TransactionPositions positions);
  struct TransactionEnding {
    int64_t producer_id = kNoProducerId;
    int16_t next_epoch = 0;  // at least the present one
    bool committed = false;
    bool by_server = false;
  };
  // Ends the open transaction in all its partitions, by one entry.
  Result<Lsn> end_transaction(TransactionEnding ending);
  // Forgets producers, their sequences and transactional ids; those with an open transaction stay.
  Result<Lsn> expire_producers(std::vector<int64_t> ids);
  // A block of producer ids that no other stream, here or elsewhere, will ever issue.
  Result<IssuedProducerIds> issue_producer_ids(uint32_t count);

  // --- Writing what originates elsewhere (gateway). Checks content, chain and position: a duplicate gives its present
  // last LSN and appends nothing; `gap` and `diverged` append nothing and say what was expected.
  Result<Lsn> append_replicated(ByteView content);

  // --- Durability.
  Lsn last_lsn() const;
  Lsn durable_lsn() const;
  // In `sync` mode the same as wait_durable; in `async` mode returns once written to the page cache.
  Task<Status> wait_acknowledged(Lsn lsn, SteadyTime deadline = kNever, std::stop_token stop = {});
  Task<Status> wait_durable(Lsn lsn, SteadyTime deadline = kNever, std::stop_token stop = {});
  // For readers of the log that have reached its durable end: what was appended is made durable soon, in `async` mode
  // too, and not only with the next background sync.
  void want_durable();
  // While more is appended than the device takes: wait before appending more.
  Task<Status> wait_room(SteadyTime deadline = kNever, std::stop_token stop = {});
  // Notified once per group commit, after the high watermarks moved, and on failure.
  Signal& advanced();
  // Told of every partition that changes, until removed.
  void add_listener(PartitionListener& listener);
  void remove_listener(PartitionListener& listener);

  // --- Reading records. Errors: not_found, out_of_range (below log start or beyond the end), corrupt (named; never
  // served). Gives at least the first batch whole when `whole_first`, even beyond `bytes_max`; with `committed`, only
  // what is below the last stable offset. With `files` larger batches may be pieces of files, checked a moment ago.
  Task<Result<FetchedBatches>> fetch(TopicPartition partition, Offset from, size_t bytes_max, bool whole_first,
                                     bool committed = false, bool files = false);
  // First record with timestamp >= `time`; nullopt when there is none.
  Task<Result<std::optional<OffsetAtTime>>> find_time(TopicPartition partition, WallMillis time);
  Task<Result<std::optional<OffsetAtTime>>> find_latest_time(TopicPartition partition);
  // End of the largest epoch <= `epoch`; {-1, -1} when there is none.
  struct EpochEnd {
    LeaderEpoch epoch = -1;
    Offset end = -1;
  };
  Result<EpochEnd> epoch_end(const TopicPartition& partition, LeaderEpoch epoch) const;

  // --- Reading history in log order (links, copies, verification): durable entries only.
  // Where to begin for a reader that holds `held` (position per origin): the earliest place after which anything is
  // missing. `gap` when that is no longer kept.
  Task<Result<LogPosition>> find_position(OriginPositions held);
  // For a replica that has nothing of an origin whose begin is no longer kept: the baselines to send first, and where
  // to go on after them.
  struct Baselines {
    OriginPositions origins;      // what the baselines stand for
    std::vector<Bytes> contents;  // one for each origin, in the order of `origins`
    LogPosition position;
  };
  Task<Result<Baselines>> baselines();
  // A rewrite has dropped something of `origin` up to this LSN (0: nothing), here or at a source before this one. A
  // replica that has nothing of the origin gets `rewritten_note` first, so that it takes what follows; any other needs
  // every entry.
  OriginLsn rewritten_until(const Origin& origin) const;
  Bytes rewritten_note(const Origin& origin) const;
  // History entries from `from`, about `bytes_max` of them; empty when there are none yet. Contents alias the log's
  // buffers.
  Task<Result<LogChunk>> read_log(LogPosition from, size_t bytes_max);
  // The durable end: a reader at this position has everything.
  LogPosition durable_end() const;
  // Chain hash of `origin` after `lsn`, if it is still in the log or the present end; nullopt otherwise.
  Task<Result<std::optional<Hash128>>> chain_at(Origin origin, OriginLsn lsn);

  // --- Retention. While held, no segment with entries after `lsn` is dropped or rewritten, up to the limit in the
  // options.
  void set_hold(const std::string& name, Lsn lsn);
  void release_hold(const std::string& name);
  // Moves log starts as the ttl and the topics' own settings say, and drops the oldest segments while nothing in them
  // is needed; called from time to time by the owner.
  Task<Status> enforce_retention();
  // Only the log starts of one topic, by its own settings: after they were changed.
  Task<Status> enforce_retention_of(TopicUuid topic);
  // Whether records may go by age, size or key at all.
  bool may_expire() const;
  // Gives back the space of deleted topics, deleted, expired and (in compacted topics) superseded records: sealed
  // segments are rewritten without them, in the background, when half of one is dead or something has been dead for
  // `dead_data_deadline`; with `start_purge` soon and whatever is dead. `purge` also waits until that has ended. What a
  // link holds stays.
  void start_purge();
  Task<Status> purge();
  uint64_t bytes_on_disk() const;
  // Bytes of the log itself, without indexes and checkpoints.
  uint64_t logical_bytes() const;
  // Bytes of the log that the batches between log start and high watermark take. Error also: not_found.
  Task<Result<uint64_t>> partition_bytes(TopicPartition partition);

 private:
  class Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace distributary
