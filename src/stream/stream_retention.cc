// Retention: what readers no longer see, and which segments nobody needs.
//
// What goes for readers goes by `expired` entries that move log starts. Topics that follow the stream's ttl move when a
// whole segment is older than it; those with a limit of their own move batch by batch. A segment is dropped when it is
// the oldest, nobody holds it, and no partition has anything left in it.
#include <algorithm>
#include <utility>

#include "stream/stream_impl.h"

namespace distributary {
namespace {

constexpr size_t kPartitionsPerExpiry = 10'000;  // in one entry
constexpr size_t kPartitionsPerTurn = 64;        // looked at before others go first

bool has_own_limits(const TopicSettings* own) {
  return own != nullptr && (own->retention_ms || own->retention_bytes || own->cleanup_policy);
}

}  // namespace

EffectiveTopicSettings Stream::Impl::in_force(const Topic& topic) const {
  EffectiveTopicSettings defaults = options.topics;
  defaults.retention_ms = options.ttl.count() == 0 ? -1 : std::chrono::milliseconds(options.ttl).count();
  return effective_settings(topic.settings.get(), defaults);
}

// Records of this topic go with segments that are older than the ttl.
bool Stream::Impl::follows_ttl(const Topic& topic) const {
  return options.ttl.count() > 0 && removes(in_force(topic).cleanup_policy) &&
         !(topic.settings && topic.settings->retention_ms);
}

bool Stream::Impl::may_expire() const {
  if (options.ttl.count() > 0) return true;
  for (uint32_t i = 0; i < state.ordinals_end(); ++i) {
    const Topic* topic = state.topic_at(i);
    if (topic != nullptr && has_own_limits(topic->settings.get()) && in_force(*topic).limited()) return true;
  }
  return false;
}

Lsn Stream::Impl::lowest_hold() const {
  Lsn lowest = UINT64_MAX;
  for (const auto& [name, lsn] : holds) lowest = std::min(lowest, lsn);
  return lowest;
}

// A link or a copy still needs what ends at `last`; but not for ever.
bool Stream::Impl::held_back(Lsn last, uint64_t kept_bytes) const {
  return last > lowest_hold() && kept_bytes <= options.hold_bytes_max;
}

// Of the segments that are neither active nor held, and whose entries are all durable: the first that does not satisfy
// `may_go`.
template <class MayGo>
SegmentNumber Stream::Impl::first_to_keep(MayGo may_go) const {
  const std::vector<SegmentSummary>& all = segments.segments();
  uint64_t kept_bytes = log->bytes_used();
  SegmentNumber first_kept = all.empty() ? 0 : all.front().start.position.segment;
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    const Lsn next_first = all[i + 1].start.position.next;
    const bool durable = next_first <= writer->durable_lsn() + 1;
    if (!durable || held_back(next_first - 1, kept_bytes) || !may_go(all[i])) break;
    first_kept = all[i + 1].start.position.segment;
    kept_bytes -= std::min<uint64_t>(kept_bytes, options.segment_bytes);
  }
  return first_kept;
}

Status Stream::Impl::append_expired(std::vector<Expired::Partition> partitions) {
  for (size_t at = 0; at < partitions.size(); at += kPartitionsPerExpiry) {
    const size_t end = std::min(partitions.size(), at + kPartitionsPerExpiry);
    Expired expired;
    expired.partitions.assign(partitions.begin() + static_cast<ptrdiff_t>(at),
                              partitions.begin() + static_cast<ptrdiff_t>(end));
    TRY(Lsn lsn, append_local(EntryType::expired, expired.encode()));
    (void)lsn;
  }
  return {};
}

// Moves the log starts of topics that follow the ttl past the segments that are older than it.
Task<Status> Stream::Impl::expire_segments(WallMillis now) {
  if (options.ttl.count() == 0) co_return Status{};
  if (std::exchange(limits_changed, false)) expired_before = 0;
  const WallMillis ttl = std::chrono::milliseconds(options.ttl).count();
  const SegmentNumber end =
      first_to_keep([&](const SegmentSummary& segment) { return segment.newest != 0 && segment.newest + ttl < now; });
  SegmentNumber number = segments.segments().empty() ? 0 : segments.segments().front().start.position.segment;
  for (number = std::max(number, expired_before); number < end; ++number) {
    CO_TRY(auto ends, co_await index.segment_ends(number));
    std::vector<Expired::Partition> moved;
    for (auto [key, offset] : ends) {
      const Topic* topic = state.topic_at(ordinal_of(key));
      if (topic == nullptr || !follows_ttl(*topic)) continue;
      if (offset > topic->partitions[partition_of(key)].log_start)
        moved.push_back({{topic->id, partition_of(key)}, offset});
    }
    CO_TRY_STATUS(append_expired(std::move(moved)));
    expired_before = number + 1;
  }
  co_return Status{};
}

// The first offset that is younger than `cutoff`. Timestamps are the records'; a batch without one has the age of its
// segment.
Task<Result<Offset>> Stream::Impl::first_younger(IndexKey key, Offset from, Offset end, WallMillis cutoff) {
  size_t step = 16;
  while (from < end) {
    CO_TRY(std::vector<IndexEntry> entries, co_await index.find(key, from, SIZE_MAX, step));
    if (entries.empty()) break;
    for (const IndexEntry& entry : entries) {
      if (entry.hole()) {
        from = entry.end_offset();
        continue;
      }
      WallMillis time = entry.max_timestamp;
      if (time < 0) {
        const SegmentSummary* segment = segments.find(entry.segment);
        time = segment == nullptr || segment->newest == 0 ? cutoff : segment->newest;
      }
      if (time >= cutoff || entry.end_offset() > end) co_return from;
      from = entry.end_offset();
    }
    step = kIndexEntriesPerStep;
  }
  co_return from;
}

// The first offset to keep so that at least `keep` bytes are kept, and no more than needs be.
Task<Result<Offset>> Stream::Impl::first_within(IndexKey key, Offset from, Offset end, uint64_t keep) {
  CO_TRY(uint64_t bytes, co_await sizes.measure(key, from, end));
  bool enough = bytes <= keep;
  while (!enough && from < end) {
    CO_TRY(std::vector<IndexEntry> entries, co_await index.find(key, from, SIZE_MAX, kIndexEntriesPerStep));
    if (entries.empty()) break;
    for (const IndexEntry& entry : entries) {
      enough = entry.end_offset() > end || bytes < keep + entry.length;
      if (enough) break;
      bytes -= entry.length;
      from = entry.end_offset();
    }
  }
  sizes.trim(key, from, bytes);
  co_return from;
}

Task<Result<Offset>> Stream::Impl::own_log_start(TopicPartition place, WallMillis now) {
  const Topic* topic = state.topic(place.topic);
  const PartitionState at = topic->partitions[place.partition];
  const EffectiveTopicSettings limits = in_force(*topic);
  const bool by_time = topic->settings->retention_ms.has_value() && limits.retention_ms >= 0;
  const IndexKey key = index_key(topic->ordinal, place.partition);
  Offset start = at.log_start;
  if (!removes(limits.cleanup_policy)) co_return start;
  if (by_time) {
    const WallMillis cutoff = limits.retention_ms > now ? 0 : now - limits.retention_ms;
    CO_TRY(start, co_await first_younger(key, start, at.high_watermark, cutoff));
  }
  if (limits.retention_bytes >= 0) {
    const auto keep = static_cast<uint64_t>(limits.retention_bytes);
    CO_TRY(start, co_await first_within(key, start, at.high_watermark, keep));
  }
  co_return start;
}

// Moves the log starts of a topic as its own settings say.
Task<Status> Stream::Impl::expire_topic(TopicUuid id, WallMillis now) {
  std::vector<Expired::Partition> moved;
  for (PartitionIndex i = 0;; ++i) {
    const Topic* topic = state.topic(id);  // anew: it may have gone while others had their turn
    if (topic == nullptr || i >= topic->partitions.size() || !has_own_limits(topic->settings.get())) break;
    const Offset before = topic->partitions[i].log_start;
    TopicPartition place{id, i};
    CO_TRY(Offset start, co_await own_log_start(place, now));
    if (start > before) moved.push_back({place, start});
    if (i % kPartitionsPerTurn == kPartitionsPerTurn - 1) co_await yield_to_others(world.executor);
  }
  co_return append_expired(std::move(moved));
}

Task<Status> Stream::Impl::expire_topics(WallMillis now) {
  for (uint32_t i = 0; i < state.ordinals_end(); ++i) {
    const Topic* topic = state.topic_at(i);
    if (topic == nullptr || !has_own_limits(topic->settings.get())) continue;
    const TopicUuid id = topic->id;
    CO_TRY_STATUS(co_await expire_topic(id, now));
  }
  co_return Status{};
}

// Whether no partition has anything left in a segment. What keeps it is remembered, so that it is not looked for again.
Task<Result<bool>> Stream::Impl::is_dead(SegmentNumber number) {
  auto keeps = [&](IndexKey key, Offset end) {
    const Topic* topic = state.topic_at(ordinal_of(key));
    return topic != nullptr && topic->partitions[partition_of(key)].log_start < end;
  };
  if (keeper.segment == number && keeps(keeper.key, keeper.end)) co_return false;
  CO_TRY(auto ends, co_await index.segment_ends(number));
  for (auto [key, end] : ends) {
    if (!keeps(key, end)) continue;
    keeper = {number, key, end};
    co_return false;
  }
  // A segment without batches goes with the ttl only: it may hold what a new replica would otherwise learn.
  co_return !ends.empty() || number < expired_before;
}

Task<Status> Stream::Impl::drop_dead_segments() {
  const SegmentNumber end = first_to_keep([](const SegmentSummary&) { return true; });
  SegmentNumber first_kept = log->segments().front().number;
  std::vector<SegmentInfo> all = log->segments();
  for (const SegmentInfo& segment : all) {
    if (segment.number >= end) break;
    CO_TRY(bool dead, co_await is_dead(segment.number));
    if (!dead) break;
    first_kept = segment.last() + 1;
  }
  if (first_kept > log->segments().front().number) co_return co_await drop_segments(first_kept);
  co_return Status{};
}

// A new segment begins when the active one is old: only sealed ones are dropped.
void Stream::Impl::roll_aged(WallMillis now) {
  if (!may_expire() && !compacted().any) return;
  const SegmentSummary& active = segments.segments().back();
  const bool used =
      active.start.position.next < writer->next_lsn() && log->segments().back().number == active.start.position.segment;
  WallMillis limit = options.segment_age.count();
  limit = std::min(limit, compacted().max_lag);
  if (options.ttl.count() > 0) limit = std::min<WallMillis>(limit, std::chrono::milliseconds(options.ttl).count());
  if (used && writer->segment_created() + limit < now) writer->roll();
}

Task<Status> Stream::Impl::retain() {
  const WallMillis now = world.clock().wall_now();
  roll_aged(now);
  const Lsn before = writer->next_lsn();
  CO_TRY_STATUS(co_await expire_topics(now));
  const bool surveyed = deaths_surveyed == state.deaths();
  CO_TRY_STATUS(co_await expire_segments(now));
  // What readers no longer see must not come back after a crash.
  if (const Lsn next = writer->next_lsn(); next != before)
    CO_TRY_STATUS(co_await wait_for(next - 1, true, kNever, scope.stop_token()));
  CO_TRY_STATUS(co_await drop_dead_segments());
  // What has expired and went with its segments need not be looked for in others.
  if (surveyed && log->segments().front().number >= expired_before) deaths_surveyed = state.deaths();
  co_return Status{};
}

Task<Status> Stream::Impl::enforce_retention() {
  while (retaining && !failure) CO_TRY_STATUS(co_await turn_ended.wait(kNever, scope.stop_token()));
  if (!damage.empty() || failure || log->segments().empty()) co_return Status{};
  retaining = true;
  Status done = co_await retain();
  retaining = false;
  turn_ended.notify_all();
  if (done) request_rewrite(false);
  co_return done;
}

Task<Status> Stream::Impl::drop_segments(SegmentNumber first_kept) {
  // That log starts have moved past what is dropped is on the disk, unless a client moved them just now.
  CO_TRY_STATUS(co_await wait_for(writer->next_lsn() - 1, true, kNever, scope.stop_token()));
  // Two checkpoints that do not need the dropped segments come first.
  while (checkpoints.safe_segment() < first_kept) {
    CO_TRY_STATUS(co_await write_checkpoint(false));
  }
  CO_TRY_STATUS(co_await baseline_store.advance(first_kept));
  segments.drop_before(first_kept);
  records.forget(0, first_kept - 1);
  CO_TRY_STATUS(co_await index.drop_before(first_kept));
  co_return co_await baseline_store.finish_drop();
}

Task<Status> Stream::enforce_retention() { co_return co_await impl_->enforce_retention(); }

Task<Status> Stream::enforce_retention_of(TopicUuid topic) {
  Impl& self = *impl_;
  if (!self.damage.empty() || self.failure) co_return Status{};
  const WallMillis now = self.world.clock().wall_now();
  co_return co_await self.expire_topic(topic, now);
}

bool Stream::may_expire() const { return impl_->may_expire() || impl_->compacted().any; }

Task<Result<uint64_t>> Stream::partition_bytes(TopicPartition partition) {
  Impl& self = *impl_;
  const Topic* topic = self.state.topic(partition.topic);
  if (topic == nullptr || partition.partition >= topic->partitions.size())
    co_return fail(ErrorCode::not_found, "there is no such partition");
  const PartitionState at = topic->partitions[partition.partition];
  const IndexKey key = index_key(topic->ordinal, partition.partition);
  co_return co_await self.sizes.measure(key, at.log_start, at.high_watermark);
}

}  // namespace distributary
