#include "stream/stream.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "model/record.h"
#include "stream/stream_impl.h"

namespace distributary {
namespace {
const Logger stream_logger("stream");
}

Stream::Impl::Impl(World& world_in, std::unique_ptr<Log> log_in, TailCache& cache_in, Origin origin_in,
                   StorageEpoch epoch_in, StreamOptions options_in, NodeTurns* turns)
    : world(world_in),
      log(std::move(log_in)),
      cache(cache_in),
      origin(origin_in),
      id{origin_in.stream, 0},
      epoch(epoch_in),
      options(options_in),
      index(world.executor, *log, id),
      checkpoints(*log, id),
      baseline_store(*log, id),
      damage_notes(*log, id),
      records(world.executor, options, *log, id, cache, index, turns == nullptr ? nullptr : &turns->reads),
      node_turns(turns),
      history(*log, id, cache, segments),
      sizes(index),
      turn_ended(world.executor),
      sealed(world.executor),
      rewritten(world.executor),
      advanced(world.executor),
      upkeep_wanted(world.executor),
      merge_wanted(world.executor),
      scope(world.executor) {}

Task<Status> Stream::Impl::open() {
  cache.drop(id);
  CO_TRY_STATUS(co_await baseline_store.finish_drop());
  Recovery recovery(*log, id, checkpoints, baseline_store, index);
  CO_TRY(RecoveredLog recovered, co_await recovery.run());
  state = std::move(recovered.state);
  segments = std::move(recovered.segments);
  damage = std::move(recovered.damage);
  if (damage.empty()) {
    CO_TRY(damage, co_await damage_notes.load());
  }
  for (SegmentNumber segment : index.memory().segments()) {
    if (segment < recovered.end.segment) to_seal.push_back(segment);
  }
  checkpointed_lsn = recovered.clean ? recovered.end.next - 1 : 0;
  checkpointed_bytes = state.history_bytes();
  for (const SegmentInfo& segment : log->segments()) last_rewrite = std::max(last_rewrite, segment.rewrite);
  GroupWriter::Start start{id, epoch, recovered.end, recovered.segment_end, recovered.segment_created};
  if (recovered.end.segment == 0) start.end.segment = 1;
  records.durable(start.end.segment, start.segment_end);
  writer = std::make_unique<GroupWriter>(world, *log, cache, start, options, writer_events());
  bool unclean = !recovered.clean && damage.empty() && options.durability == Durability::async;
  // Consumers may have seen what the crash has taken back. Of a source's history it comes again, the same.
  if (unclean && state.topic_count() > 0 && state.origin(origin).lsn > 0) {
    CO_TRY(ContentView raised, append_own(own_fields(EntryType::leader_epoch_raised, {}), {}));
    (void)raised;
  }
  if (!damage.empty()) co_return Status{};
  scope.spawn(upkeep_loop());
  scope.spawn(merge_loop());
  co_return Status{};
}

GroupWriter::Events Stream::Impl::writer_events() {
  GroupWriter::Events events;
  events.began = [this](const PendingGroup& group) { group_began(group); };
  events.written = [this](const PendingGroup& group) {
    records.written(group.segment, group.at, group.end_at);
    if (options.durability == Durability::async) raise_watermarks(group);
  };
  events.durable = [this](const PendingGroup& group) {
    records.durable(group.segment, group.end_at);
    if (options.durability == Durability::sync) raise_watermarks(group);
  };
  events.sealed = [this](SegmentNumber segment) {
    to_seal.push_back(segment);
    upkeep_wanted.notify_all();
  };
  events.failed = [this](const Error& error) {
    failure = error.context(fmt::format("stream {} stopped after a failed write", to_string(origin.stream)));
    upkeep_wanted.notify_all();
    sealed.notify_all();
    rewritten.notify_all();
    turn_ended.notify_all();
    if (error.code == ErrorCode::cancelled) return;  // the disk has gone with its host
    stream_logger.warn("log failed; the stream will be opened again",
                       {{"stream", to_string(origin.stream)}, {"why", error.message}});
    upkeep_wanted.notify_all();
  };
  events.advanced = [this] { advanced.notify_all(); };
  return events;
}

void Stream::Impl::group_began(const PendingGroup& group) {
  LogPosition position{group.first_lsn, group.segment, group.at, state.history_bytes(), state.history_records()};
  bool begins_segment = group.header_at != 0;
  if (begins_segment) {
    segments.end_segment(world.clock().wall_now());
    segments.begin_segment({position, state.origins()});
  }
  segments.offer_mark(position, state.origins());
}

void Stream::Impl::raise_watermarks(const PendingGroup& group) {
  for (const RaisedWatermark& raised : group.watermarks) {
    state.set_high_watermark(raised.ordinal, raised.partition, raised.offset);
    tell(raised.ordinal, raised.partition);
  }
}

void Stream::Impl::tell(uint32_t ordinal, PartitionIndex partition) const {
  for (PartitionListener* listener : listeners) listener->partition_changed(ordinal, partition);
}

Task<Status> Stream::Impl::wait_for(Lsn lsn, bool durable, SteadyTime deadline, std::stop_token stop) {
  for (;;) {
    Lsn reached = durable ? writer->durable_lsn() : writer->written_lsn();
    if (reached >= lsn) co_return Status{};
    if (failure) co_return fail(*failure);
    CO_TRY_STATUS(co_await advanced.wait(deadline, stop));
  }
}

Task<Status> Stream::Impl::close() {
  scope.stop();
  upkeep_wanted.notify_all();
  co_await scope.join();
  Status stopped = co_await writer->stop();
  if (stopped && damage.empty() && !failure) stopped = co_await write_checkpoint(true);
  advanced.notify_all();
  cache.drop(id);
  co_return stopped;
}

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::~Stream() = default;

Task<Result<std::unique_ptr<Stream>>> Stream::open(World& world, std::unique_ptr<Log> log, TailCache& cache,
                                                   Origin origin, StorageEpoch epoch, StreamOptions options,
                                                   NodeTurns* turns) {
  auto impl = std::make_unique<Impl>(world, std::move(log), cache, origin, epoch, options, turns);
  Status opened = co_await impl->open();
  if (!opened) {
    if (impl->writer) (void)co_await impl->writer->stop();
    co_return fail(opened.error().context(fmt::format("opening stream {}", to_string(origin.stream))));
  }
  co_return std::unique_ptr<Stream>(new Stream(std::move(impl)));
}

Task<Status> Stream::close() { co_return co_await impl_->close(); }

Origin Stream::origin() const { return impl_->origin; }
StorageEpoch Stream::epoch() const { return impl_->epoch; }
const StreamState& Stream::state() const { return impl_->state; }
const std::optional<Error>& Stream::failure() const { return impl_->failure; }
const std::vector<Damage>& Stream::damage() const { return impl_->damage; }
const StreamOptions& Stream::options() const { return impl_->options; }
void Stream::set_space_low(bool low) { impl_->space_low = low; }
void Stream::set_options(StreamOptions options) {
  impl_->options = options;
  impl_->writer->set_options(options);
  impl_->limits_changed = true;
  impl_->compacted_topics.version = UINT64_MAX;
}

Lsn Stream::last_lsn() const { return impl_->writer->next_lsn() - 1; }
Lsn Stream::durable_lsn() const { return impl_->writer->durable_lsn(); }
Signal& Stream::advanced() { return impl_->advanced; }
void Stream::add_listener(PartitionListener& listener) { impl_->listeners.push_back(&listener); }
void Stream::remove_listener(PartitionListener& listener) { std::erase(impl_->listeners, &listener); }

Task<Status> Stream::wait_acknowledged(Lsn lsn, SteadyTime deadline, std::stop_token stop) {
  bool durable = impl_->options.durability == Durability::sync;
  co_return co_await impl_->wait_for(lsn, durable, deadline, stop);
}

Task<Status> Stream::wait_durable(Lsn lsn, SteadyTime deadline, std::stop_token stop) {
  want_durable();
  co_return co_await impl_->wait_for(lsn, true, deadline, stop);
}

void Stream::want_durable() { impl_->writer->want_durable(); }

Task<Status> Stream::wait_room(SteadyTime deadline, std::stop_token stop) {
  while (impl_->writer->unwritten_bytes() > kUnwrittenBytesMax && !impl_->failure) {
    CO_TRY_STATUS(co_await impl_->advanced.wait(deadline, stop));
  }
  co_return Status{};
}

Task<Result<FetchedBatches>> Stream::fetch(TopicPartition partition, Offset from, size_t bytes_max, bool whole_first,
                                           bool committed, bool files) {
  Impl& self = *impl_;
  const Topic* topic = self.state.topic(partition.topic);
  if (topic == nullptr || partition.partition >= topic->partitions.size()) {
    co_return fail(ErrorCode::not_found, fmt::format("there is no partition {} of topic {}", partition.partition,
                                                     to_string(partition.topic)));
  }
  const PartitionState at = topic->partitions[partition.partition];
  if (from < at.log_start || from > at.next) {
    co_return fail(ErrorCode::out_of_range, fmt::format("offset {} of topic '{}' partition {}: kept are {} to {}", from,
                                                        topic->name, partition.partition, at.log_start, at.next));
  }
  FetchedBatches result;
  result.high_watermark = at.high_watermark;
  result.last_stable = self.state.last_stable(*topic, partition.partition);
  result.log_start = at.log_start;
  const Offset end = committed ? result.last_stable : at.high_watermark;
  if (from >= end || (bytes_max == 0 && !whole_first)) co_return result;
  IndexKey key = index_key(topic->ordinal, partition.partition);
  auto batches = co_await self.records.read(partition.topic, key, from, end, bytes_max, whole_first, files);
  if (!batches) {
    const Topic* now = self.state.topic(partition.topic);
    bool expired = now != nullptr && from < now->partitions[partition.partition].log_start;
    if (expired) co_return fail(ErrorCode::out_of_range, fmt::format("offset {} has just expired", from));
    bool made_again = co_await self.reindex_damaged();
    if (made_again) co_return co_await fetch(partition, from, bytes_max, whole_first, committed, files);
    // Once more: what was wrong on the way here only is no damage.
    batches = co_await self.records.read(partition.topic, key, from, end, bytes_max, whole_first, files);
    if (!batches && batches.error().code == ErrorCode::corrupt) {
      co_await self.note_damage(self.records.last_damage(), batches.error());
    }
    if (!batches) co_return fail(batches.error());
  }
  result.batches = std::move(batches->batches);
  result.bytes = batches->bytes;
  result.next = batches->next;
  co_return result;
}

namespace {

constexpr size_t kLookupBytesMax = 256u << 20;  // decompressed size of one batch in a lookup by time

// The first record of a batch at or after a time.
Result<std::optional<OffsetAtTime>> first_record_at(ByteView bytes, WallMillis time, Offset from) {
  TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
  TRY(RecordReader reader, RecordReader::open(batch, kLookupBytesMax));
  for (;;) {
    TRY(std::optional<Record> record, reader.next());
    if (!record) return std::nullopt;
    if (record->timestamp >= time && record->offset >= from) return OffsetAtTime{record->offset, record->timestamp};
  }
}

// The first of the records from an offset on that has the largest timestamp of them.
Result<std::optional<OffsetAtTime>> newest_record(ByteView bytes, Offset from) {
  TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
  TRY(RecordReader reader, RecordReader::open(batch, kLookupBytesMax));
  std::optional<OffsetAtTime> newest;
  for (;;) {
    TRY(std::optional<Record> record, reader.next());
    if (!record) return newest;
    const bool newer = !newest || record->timestamp > newest->timestamp;
    if (record->offset >= from && newer) newest = OffsetAtTime{record->offset, record->timestamp};
  }
}

}  // namespace

Task<Result<std::optional<OffsetAtTime>>> Stream::find_time(TopicPartition partition, WallMillis time) {
  Impl& self = *impl_;
  const Topic* topic = self.state.topic(partition.topic);
  if (topic == nullptr || partition.partition >= topic->partitions.size())
    co_return fail(ErrorCode::not_found, "there is no such partition");
  const PartitionState at = topic->partitions[partition.partition];
  IndexKey key = index_key(topic->ordinal, partition.partition);
  Offset from = at.log_start;
  for (;;) {
    uint64_t seen = self.index.generation();
    CO_TRY(std::optional<IndexEntry> entry, co_await self.index.find_time(key, from, time));
    if (!entry || entry->end_offset() > at.high_watermark) co_return std::nullopt;
    auto batch = co_await self.read_batch(partition.topic, *entry, seen);
    if (!batch && seen != self.index.generation()) continue;  // its segment was rewritten meanwhile
    if (!batch) co_return fail(batch.error());
    CO_TRY(std::optional<OffsetAtTime> found, first_record_at(*batch, time, at.log_start));
    if (found) co_return found;
    from = entry->end_offset();
  }
}

Task<Result<std::optional<OffsetAtTime>>> Stream::find_latest_time(TopicPartition partition) {
  Impl& self = *impl_;
  const Topic* topic = self.state.topic(partition.topic);
  if (topic == nullptr || partition.partition >= topic->partitions.size())
    co_return fail(ErrorCode::not_found, "there is no such partition");
  const PartitionState at = topic->partitions[partition.partition];
  IndexKey key = index_key(topic->ordinal, partition.partition);
  std::optional<OffsetAtTime> latest;
  std::optional<IndexEntry> newest;
  uint64_t seen = self.index.generation();
  for (Offset from = at.log_start; from < at.high_watermark;) {
    CO_TRY(std::vector<IndexEntry> entries, co_await self.index.find(key, from, SIZE_MAX, kIndexEntriesPerStep));
    if (entries.empty()) break;
    for (const IndexEntry& entry : entries) {
      if (entry.hole() || entry.end_offset() > at.high_watermark) continue;
      if (entry.base_offset < at.log_start) {  // only some of its records are left
        auto batch = co_await self.read_batch(partition.topic, entry, seen);
        if (!batch && seen != self.index.generation()) co_return co_await find_latest_time(partition);
        if (!batch) co_return fail(batch.error());
        CO_TRY(latest, newest_record(*batch, at.log_start));
      } else if (!newest || entry.max_timestamp > newest->max_timestamp) {
        newest = entry;
      }
    }
    from = entries.back().end_offset();
  }
  if (!newest || (latest && latest->timestamp >= newest->max_timestamp)) co_return latest;
  auto batch = co_await self.read_batch(partition.topic, *newest, seen);
  if (!batch && seen != self.index.generation()) co_return co_await find_latest_time(partition);
  if (!batch) co_return fail(batch.error());
  co_return first_record_at(*batch, newest->max_timestamp, at.log_start);
}

Result<Stream::EpochEnd> Stream::epoch_end(const TopicPartition& partition, LeaderEpoch epoch) const {
  const Topic* topic = impl_->state.topic(partition.topic);
  if (topic == nullptr || partition.partition >= topic->partitions.size())
    return fail(ErrorCode::not_found, "there is no such partition");
  if (epoch < 0) return EpochEnd{};
  EpochEnd end{0, topic->partitions[partition.partition].high_watermark};
  for (const LeaderEpochStart& start : topic->epoch_starts) {
    Offset begins = partition.partition < start.starts.size() ? start.starts[partition.partition] : 0;
    if (start.epoch > epoch) {
      end.end = begins;
      break;
    }
    end.epoch = start.epoch;
  }
  return end;
}

Task<Result<LogPosition>> Stream::find_position(OriginPositions held) { co_return impl_->history.find(held); }

Task<Result<Stream::Baselines>> Stream::baselines() { co_return co_await impl_->baselines(); }

Task<Result<LogChunk>> Stream::read_log(LogPosition from, size_t bytes_max) {
  auto chunk = co_await impl_->history.read(from, durable_end(), bytes_max);
  if (!chunk && chunk.error().code == ErrorCode::corrupt) {
    chunk = co_await impl_->history.read(from, durable_end(), bytes_max);  // once more, as in `fetch`
  }
  if (!chunk && chunk.error().code == ErrorCode::corrupt) {
    const LogPosition last = impl_->history.last_read();
    const ReadPlace place{last.segment, last.at};
    co_await impl_->note_damage(place, chunk.error());
  }
  co_return chunk;
}

LogPosition Stream::durable_end() const { return impl_->writer->durable_end(); }

Task<Result<std::optional<Hash128>>> Stream::chain_at(Origin origin, OriginLsn lsn) {
  OriginPosition now = impl_->state.origin(origin);
  if (now.lsn == lsn) co_return now.chain;
  if (lsn > now.lsn) co_return std::nullopt;
  co_return co_await impl_->history.chain_at(origin, lsn, durable_end());
}

void Stream::set_hold(const std::string& name, Lsn lsn) { impl_->holds[name] = lsn; }
void Stream::release_hold(const std::string& name) { impl_->holds.erase(name); }
uint64_t Stream::bytes_on_disk() const { return impl_->log->bytes_used(); }
uint64_t Stream::logical_bytes() const {
  uint64_t total = 0;
  for (const SegmentInfo& segment : impl_->log->segments()) total += segment.bytes;
  return total;
}
void Stream::start_purge() { impl_->request_rewrite(true); }
Task<Status> Stream::purge() { return impl_->purge(); }
OriginLsn Stream::rewritten_until(const Origin& origin) const {
  return std::max(impl_->segments.rewritten_until(origin), impl_->state.rewritten_until(origin));
}
Bytes Stream::rewritten_note(const Origin& origin) const { return impl_->baseline_content(origin, {}, StreamState()); }

}  // namespace distributary
