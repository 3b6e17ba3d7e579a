#include "stream/group_writer.h"

#include <algorithm>

#include "base/check.h"
#include "model/entry.h"

namespace distributary {
namespace {
// After so long without writes a mark follows the last group, so that its durable LSN is on disk too.
constexpr auto kIdleMark = std::chrono::seconds(1);
}  // namespace

GroupWriter::GroupWriter(World& world, Log& log, TailCache& cache, Start start, StreamOptions options, Events events)
    : world_(world),
      log_(log),
      cache_(cache),
      id_(start.log),
      epoch_(start.epoch),
      options_(options),
      events_(std::move(events)),
      segment_(start.end.segment),
      segment_end_(start.segment_end),
      segment_created_(start.segment_created),
      next_lsn_(start.end.next),
      written_lsn_(start.end.next - 1),
      durable_lsn_(start.end.next - 1),
      written_end_(start.end),
      durable_end_(start.end),
      work_(world.executor),
      written_(world.executor),
      synced_(world.executor),
      flush_(world.executor),
      scope_(world.executor) {
  scope_.spawn(write_loop());
  scope_.spawn(sync_loop());
}

GroupWriter::~GroupWriter() = default;

Task<Status> GroupWriter::stop() {
  while (!failure_ && (!groups_.empty() || durable_lsn_ + 1 < next_lsn_)) {
    flush_.notify_all();  // async mode: do not wait for the next one
    work_.notify_all();   // a group may be open for an entry that was refused
    Status waited = co_await synced_.wait(world_.clock().now() + std::chrono::milliseconds(100));
    if (!waited && waited.error().code != ErrorCode::timed_out) break;
  }
  scope_.stop();
  work_.notify_all();
  flush_.notify_all();
  written_.notify_all();
  synced_.notify_all();
  co_await scope_.join();
  if (failure_) co_return fail(*failure_);
  co_return Status{};
}

bool GroupWriter::must_roll() const {
  if (segment_end_ == 0 || roll_wanted_ || segment_end_ >= options_.segment_bytes) return true;
  return world_.clock().wall_now() - segment_created_ > options_.segment_age.count();
}

void GroupWriter::begin_group() {
  PendingGroup group;
  group.bytes.reserve(std::clamp(last_group_bytes_ + last_group_bytes_ / 16, kGroupReserveMin, kGroupReserveMax));
  if (must_roll()) {
    if (segment_end_ != 0) {
      to_seal_.push_back(segment_);
      ++segment_;
    }
    roll_wanted_ = false;
    segment_created_ = world_.clock().wall_now();
    SegmentHeader{id_, segment_, next_lsn_, epoch_, segment_created_}.encode(group.bytes);
    segment_end_ = kSegmentHeaderBytes;
  }
  group.header_at = group.bytes.size();
  group.bytes.resize(group.header_at + kGroupHeaderBytes);
  group.segment = segment_;
  group.at = segment_end_;
  group.first_lsn = next_lsn_;
  group.salt = entry_salt(segment_salt(id_, segment_), epoch_);
  group.end = groups_.empty() ? written_end_ : groups_.back().end;
  groups_.push_back(std::move(group));
  open_ = true;
  if (events_.began) events_.began(groups_.back());
}

PendingGroup& GroupWriter::gather() {
  if (!open_) begin_group();
  gathered_from_ = groups_.back().bytes.size();
  return groups_.back();
}

void GroupWriter::added(const LogPosition& end) {
  PendingGroup& group = groups_.back();
  ++group.entries;
  group.lsns += end.next - next_lsn_;
  next_lsn_ = end.next;
  group.end = end;
  size_t before = unwritten_bytes_;
  unwritten_bytes_ += group.bytes.size() - gathered_from_;
  if (group.bytes.size() >= kGroupTargetBytes) close_group();
  if (before == 0 || !open_ || groups_.back().bytes.size() >= kGroupWhileSyncingBytes) work_.notify_all();
}

void GroupWriter::close_group() {
  CHECK(open_);
  segment_end_ = groups_.back().next_at();
  last_group_bytes_ = groups_.back().bytes.size();
  open_ = false;
}

void GroupWriter::roll() {
  if (open_) close_group();
  roll_wanted_ = true;
  begin_group();
  work_.notify_all();
}

void GroupWriter::want_durable() {
  wanted_lsn_ = next_lsn_ - 1;
  flush_.notify_all();
}

std::pair<SegmentNumber, uint64_t> GroupWriter::next_place() const {
  if (open_) return {groups_.back().segment, groups_.back().at};
  return {segment_, segment_end_};
}

Bytes GroupWriter::finish(PendingGroup& group) {
  GroupHeader header;
  header.first_lsn = group.first_lsn;
  header.durable_lsn = durable_lsn_;
  header.epoch = epoch_;
  header.length = static_cast<uint32_t>(group.bytes.size() - group.header_at);
  header.entries = group.entries;
  if (group.lsns != group.entries) header.lsns = group.lsns;
  header.written = world_.clock().wall_now();
  header.position = group.at;
  header.encode(group.bytes.data() + group.header_at, segment_salt(id_, group.segment));
  group.end.segment = group.segment;
  group.end.at = group.next_at();
  group.end.next = group.first_lsn + group.lsns;
  return Bytes(std::move(group.bytes));
}

Task<Status> GroupWriter::wait_for_work() {
  for (;;) {
    if (failure_) co_return fail(*failure_);
    bool small = groups_.size() == 1 && open_ && groups_.back().bytes.size() < kGroupWhileSyncingBytes;
    if (!groups_.empty() && !(syncing_ && small && options_.durability == Durability::sync)) co_return Status{};
    SteadyTime deadline = mark_wanted_ && groups_.empty() ? world_.clock().now() + kIdleMark : kNever;
    Status waited = co_await work_.wait(deadline, scope_.stop_token());
    if (waited) continue;
    if (waited.error().code != ErrorCode::timed_out) co_return waited;
    if (groups_.empty() && durable_lsn_ + 1 == next_lsn_) begin_group();  // the mark
  }
}

Task<void> GroupWriter::write_loop() {
  for (;;) {
    Status ready = co_await wait_for_work();
    if (!ready) co_return;
    Status written = co_await write_next();
    if (!written) {
      fail_with(written.error());
      co_return;
    }
  }
}

Task<Status> GroupWriter::write_next() {
  if (groups_.size() == 1 && open_) close_group();
  PendingGroup group = std::move(groups_.front());
  groups_.pop_front();
  bool begins_segment = group.header_at != 0;
  if (begins_segment) CO_TRY_STATUS(co_await begin_segment(group));
  // A small group after a large one; what is cached holds no more than it needs.
  if (group.bytes.capacity() > 2 * std::max(group.bytes.size(), kGroupReserveMin)) group.bytes.shrink_to_fit();
  const size_t held = group.bytes.capacity();
  Bytes data = finish(group);
  CO_TRY_STATUS(co_await log_.append(data));
  cache_.put(id_, group.segment, group.at, data.slice(group.header_at, data.size() - group.header_at), held);
  group.end_at = group.at + data.size() - group.header_at;
  unwritten_bytes_ = groups_.empty() ? 0 : unwritten_bytes_ - std::min(unwritten_bytes_, data.size());
  written_lsn_ = group.last_lsn();
  written_end_ = group.end;
  mark_wanted_ = group.entries > 0;
  if (events_.written) events_.written(group);
  unsynced_.push_back(std::move(group));
  written_.notify_all();
  if (options_.durability == Durability::async && events_.advanced) events_.advanced();
  co_return Status{};
}

// Everything in older segments is durable before a new one exists: a hole in an older one is never a torn tail.
Task<Status> GroupWriter::begin_segment(const PendingGroup& group) {
  while (syncing_) CO_TRY_STATUS(co_await synced_.wait(kNever, scope_.stop_token()));
  if (!unsynced_.empty()) CO_TRY_STATUS(co_await sync_once());
  CO_TRY_STATUS(co_await log_.create_segment(group.segment, options_.segment_bytes));
  co_return Status{};
}

Task<Status> GroupWriter::sync_once() {
  syncing_ = true;
  size_t covered = unsynced_.size();
  Status synced = co_await log_.sync();
  syncing_ = false;
  if (!synced) {
    synced_.notify_all();
    co_return synced;
  }
  for (; covered > 0; --covered) {
    PendingGroup group = std::move(unsynced_.front());
    unsynced_.pop_front();
    durable_lsn_ = group.last_lsn();
    durable_end_ = group.end;
    if (events_.durable) events_.durable(group);
    while (!to_seal_.empty() && to_seal_.front() < group.segment) {
      SegmentNumber sealed = to_seal_.front();
      to_seal_.erase(to_seal_.begin());
      if (events_.sealed) events_.sealed(sealed);
    }
  }
  synced_.notify_all();
  work_.notify_all();
  if (events_.advanced) events_.advanced();
  co_return Status{};
}

Task<void> GroupWriter::sync_loop() {
  for (;;) {
    while (unsynced_.empty() || syncing_) {
      Signal& awaited = syncing_ ? synced_ : written_;
      Status waited = co_await awaited.wait(kNever, scope_.stop_token());
      if (!waited) co_return;
    }
    if (options_.durability == Durability::async && wanted_lsn_ <= durable_lsn_) {
      SteadyTime until = world_.clock().now() + options_.async_flush;
      Status waited = co_await flush_.wait(until, scope_.stop_token());
      if (!waited && waited.error().code == ErrorCode::cancelled) co_return;
      if (syncing_ || unsynced_.empty()) continue;
    }
    Status synced = co_await sync_once();
    if (!synced) {
      fail_with(synced.error());
      co_return;
    }
  }
}

void GroupWriter::fail_with(const Error& error) {
  if (failure_) return;
  failure_ = error;
  if (events_.failed) events_.failed(error);
  synced_.notify_all();
  work_.notify_all();
  written_.notify_all();
  if (events_.advanced) events_.advanced();
}

}  // namespace distributary
