// Giving space back: which sealed segments are rewritten, and the rewrite itself.
//
// A round is run by merge_loop, so that it never meets a merge. Within it, one rewrite at a time takes the turn that it
// shares with the dropping of whole segments.
#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "stream/stream_impl.h"

namespace distributary {
namespace {

const Logger stream_rewrite_logger("rewrite");
constexpr uint64_t kSmallShare = 8;   // a segment of less than one part in so many is merged with its neighbours
constexpr size_t kSmallMerged = 8;    // when so many come together, or something in them is dead
constexpr WallMillis kSpanShare = 8;  // of the ttl: what is merged was written within it, for it expires together

}  // namespace

void Stream::Impl::request_rewrite(bool forced) {
  if (!forced && !survey_due()) return;
  rewrite_requested = true;
  rewrite_forced = rewrite_forced || forced;
  merge_wanted.notify_all();
}

bool Stream::Impl::survey_due() {
  if (state.deaths() != deaths_surveyed || dead_unsealed || compaction_due()) return true;
  WallMillis limit = std::chrono::milliseconds(options.dead_data_deadline).count();
  WallMillis now = world.clock().wall_now();
  return std::any_of(dead_since.begin(), dead_since.end(), [&](const auto& item) { return item.second + limit < now; });
}

Task<Status> Stream::Impl::purge() {
  if (failure) co_return fail(*failure);
  if (!damage.empty()) co_return check_writable(false);
  uint64_t wanted = rewrites_begun + 1;  // a round that begins from now on
  request_rewrite(true);
  while (rewrites_ended < wanted) {
    if (failure) co_return fail(*failure);
    CO_TRY_STATUS(co_await rewritten.wait(kNever, scope.stop_token()));
  }
  if (rewrite_error) co_return fail(*rewrite_error);
  co_return Status{};
}

Task<Status> Stream::Impl::rewrite_dead() {
  if (!rewrite_requested) co_return Status{};
  rewrite_requested = false;
  bool forced = std::exchange(rewrite_forced, false);
  ++rewrites_begun;
  Status done;
  if (!log->segments().empty() && damage.empty()) done = co_await rewrite_round(forced);
  rewrite_error.reset();
  if (!done) rewrite_error = done.error();
  rewrites_ended = rewrites_begun;
  rewritten.notify_all();
  if (done) co_return done;
  deaths_surveyed = UINT64_MAX;  // again, when next asked
  // What was not rewritten is as it was; only a log that cannot be used must be opened again.
  bool harmless = done.error().code == ErrorCode::storage_full;
  if (!harmless) co_return done;
  stream_rewrite_logger.warn("space could not be given back; it is tried again later",
                             {{"log", to_string(id)}, {"why", done.error().message}});
  co_return Status{};
}

Task<Status> Stream::Impl::rewrite_round(bool forced) {
  if (forced) CO_TRY_STATUS(co_await seal_dead_tail());
  if (compacted().any && (forced || compaction_due())) {
    CO_TRY(bool taken, co_await take_compaction_turn(forced));
    Status done;
    if (taken) done = co_await compact(forced);
    compaction.reset();
    compaction_turn.reset();
    if (taken) co_return done;
  }
  CO_TRY(std::vector<Dying> found, co_await survey(forced));
  co_return co_await rewrite_rows(found, forced);
}

Task<Status> Stream::Impl::rewrite_rows(const std::vector<Dying>& found, bool forced) {
  const std::vector<std::vector<SegmentInfo>> rows = plan(found, forced);
  for (const std::vector<SegmentInfo>& row : rows) {
    CO_TRY_STATUS(co_await rewrite_row(row));
  }
  co_return Status{};
}

Task<Status> Stream::Impl::rewrite_row(std::vector<SegmentInfo> row) {
  const SegmentNumber first = row.front().number;
  const SegmentNumber last = row.back().last();
  if (compaction) compaction->begin_row(first, reader_behind(last));
  Status done = co_await rewrite(row);
  if (done && compaction) {
    compaction->end_row(first, last);
    if (compaction->row_again() != INT64_MAX) look_again(first, compaction->row_again());
  }
  if (done || done.error().code != ErrorCode::corrupt) co_return done;
  // Left as it is: what is damaged is named by whoever reads it, and repaired from a replica.
  stream_rewrite_logger.warn("a damaged segment is not rewritten",
                             {{"log", to_string(id)}, {"what", done.error().message}});
  for (const SegmentInfo& segment : row) unrewritable.insert(segment.number);
  co_return Status{};
}

// Whether a link or a copy has still to read something up to the end of a segment, however far it is behind.
bool Stream::Impl::reader_behind(SegmentNumber last) const {
  const std::vector<SegmentSummary>& table = segments.segments();
  auto after = std::find_if(table.begin(), table.end(),
                            [&](const SegmentSummary& segment) { return segment.start.position.segment > last; });
  return after == table.end() || after->start.position.next - 1 > lowest_hold();
}

bool Stream::Impl::has_dead(SegmentNumber unsealed) const {
  std::vector<IndexEntry> entries = index.memory().entries(unsealed, 0);
  return std::any_of(entries.begin(), entries.end(), [this](const IndexEntry& entry) { return is_dead(entry); });
}

// A segment that nothing is appended to for long would keep its dead until it is full.
Task<Status> Stream::Impl::seal_dead_tail() {
  SegmentNumber active = writer->active_segment();
  bool dead = has_dead(active) || has_compacted(active);
  if (dead) writer->roll();
  auto all_sealed = [&] {
    for (const SegmentInfo& segment : log->segments()) {
      bool wanted = segment.number < active || (dead && segment.number == active);
      if (wanted && !index.covered_by_run(segment.number)) return false;
    }
    return true;
  };
  while (!all_sealed()) {
    if (failure) co_return fail(*failure);
    CO_TRY_STATUS(co_await sealed.wait(kNever, scope.stop_token()));
  }
  co_return Status{};
}

bool Stream::Impl::is_dead(const IndexEntry& entry) const {
  const Topic* topic = state.topic_at(ordinal_of(entry.key));
  if (topic == nullptr || partition_of(entry.key) >= topic->partitions.size()) return true;
  return entry.end_offset() <= topic->partitions[partition_of(entry.key)].log_start;
}

Result<Verdict> Stream::Impl::judge(const ContentView& batch) const {
  Verdict verdict;
  const Topic* topic = state.topic(batch.topic());
  bool gone = topic == nullptr || batch.partition() >= topic->partitions.size();
  if (gone || (batch.end_offset() <= topic->partitions[batch.partition()].log_start && has_ended(batch, *topic))) {
    verdict.fate = Verdict::Fate::drop;
    verdict.trimmed = true;
    return verdict;
  }
  return compaction ? compaction->judge(batch, *topic, world.clock().wall_now()) : verdict;
}

// What is open is kept whole: where it began is where committed records end.
bool Stream::Impl::has_ended(const ContentView& batch, const Topic& topic) const {
  auto records = RecordBatchView::parse(batch.batch());
  if (!records) return false;
  const Offset end = topic.partitions[batch.partition()].high_watermark;
  return !records->transactional() ||
         batch.end_offset() <= state.transactions().first_unstable({topic.id, batch.partition()}, end);
}

// How much of each sealed segment is dead. One pass over the index.
Task<Result<std::vector<Stream::Impl::Dying>>> Stream::Impl::survey(bool forced) {
  deaths_surveyed = state.deaths();
  dead_unsealed = false;
  std::map<SegmentNumber, uint64_t> dead;
  auto see = [&](const IndexEntry& entry) {
    if (is_dead(entry)) dead[entry.segment] += entry.length;
    if (compaction) compaction->see(entry);
  };
  CO_TRY_STATUS(co_await index.visit(see, scope.stop_token()));
  WallMillis now = world.clock().wall_now();
  WallMillis limit = std::chrono::milliseconds(options.dead_data_deadline).count();
  std::erase_if(dead_since, [&](const auto& item) { return !dead.contains(item.first); });
  std::vector<Dying> found;
  const std::vector<SegmentSummary>& table = segments.segments();
  for (size_t i = 0; i + 1 < table.size(); ++i) {
    std::optional<SegmentInfo> info = segment_info(table[i].start.position.segment);
    if (!info || unrewritable.contains(info->number)) continue;
    if (!index.covered_by_run(info->number)) {  // its index is being written
      dead_unsealed = dead_unsealed || has_dead(info->number);
      continue;
    }
    uint64_t bytes = dead.contains(info->number) ? dead[info->number] : 0;
    if (!forced && undroppable.contains(info->number)) bytes -= std::min(bytes, undroppable[info->number]);
    Lsn last = table[i + 1].start.position.next - 1;
    if (last > writer->durable_lsn() || held_back(last, log->bytes_used())) {
      dead_unsealed = dead_unsealed || bytes > 0;
      continue;
    }
    WallMillis since = bytes > 0 ? dead_since.try_emplace(info->number, now).first->second : now;
    bool due = bytes > 0 && (forced || bytes * 2 >= info->bytes || since + limit < now);
    found.push_back({*info, bytes, table[i].newest, due});
  }
  dead_unsealed = dead_unsealed || has_dead(writer->active_segment());
  co_return found;
}

// Rows of neighbours, each to become one segment: those with much that is dead, and small ones beside them.
std::vector<std::vector<SegmentInfo>> Stream::Impl::plan(const std::vector<Dying>& found, bool forced) const {
  std::vector<std::vector<SegmentInfo>> rows;
  std::vector<SegmentInfo> row;
  uint64_t live = 0;
  bool due = false;
  WallMillis begin = 0;
  WallMillis span = std::chrono::milliseconds(options.ttl).count() / kSpanShare;
  auto end_row = [&] {
    if (due || row.size() >= (forced ? 2 : kSmallMerged)) rows.push_back(row);
    row.clear();
    live = 0;
    due = false;
  };
  for (const Dying& each : found) {
    uint64_t rest = each.segment.bytes - std::min(each.segment.bytes, each.dead);
    bool small = rest < options.segment_bytes / kSmallShare;
    bool adjoins = !row.empty() && row.back().last() + 1 == each.segment.number &&
                   live + rest <= options.segment_bytes && (span == 0 || each.newest - begin <= span);
    if (!row.empty() && !(adjoins && (each.due || small))) end_row();
    if (!each.due && !small) continue;
    if (row.empty()) begin = each.newest;
    row.push_back(each.segment);
    live += rest;
    due = due || each.due;
  }
  end_row();
  return rows;
}

Task<Status> Stream::Impl::rewrite(std::vector<SegmentInfo> from) {
  // Neither of the kept checkpoints may need what is rewritten.
  while (checkpoints.safe_segment() <= from.back().last()) {
    CO_TRY_STATUS(co_await write_checkpoint(false));
  }
  while (retaining) CO_TRY_STATUS(co_await turn_ended.wait(kNever, scope.stop_token()));
  for (const SegmentInfo& segment : from) {
    if (!segment_info(segment.number)) co_return Status{};  // dropped meanwhile
  }
  retaining = true;
  RewriteNumber number = ++last_rewrite;
  Status done = co_await rewrite_into(from, number);
  if (!done) {
    Status abandoned = co_await log->abandon_rewrite();
    Status removed = co_await index.remove_unused();
    if (!abandoned || !removed)
      stream_rewrite_logger.debug("a rewrite leaves something behind until the log is opened again", {});
  }
  retaining = false;
  turn_ended.notify_all();
  co_return done;
}

Task<Status> Stream::Impl::rewrite_into(std::vector<SegmentInfo> from, RewriteNumber number) {
  uint64_t before = 0;
  for (const SegmentInfo& segment : from) before += segment.bytes;
  CO_TRY_STATUS(co_await log->begin_rewrite(from.front().number, from.back().last(), number));
  SegmentRewriter rewriter({world.executor, *log, id, state}, number,
                           [this](const ContentView& batch) { return judge(batch); });
  CO_TRY(SegmentRewriter::Rewritten made, co_await rewriter.run(from, scope.stop_token()));
  // It was judged by a state that a crash must not take back now: what follows a dropped record, or is said to be
  // deleted.
  CO_TRY_STATUS(co_await wait_for(writer->next_lsn() - 1, true, kNever, scope.stop_token()));
  CO_TRY(LogIndex::RunPointer run, co_await index.write_rewritten(made.segment, made.index));
  Status committed = co_await log->commit_rewrite();
  if (!committed) {
    index.discard(run);
    co_return committed;
  }
  uint64_t dead_left = 0;  // what is in an open transaction
  for (const IndexEntry& entry : made.index.entries(made.segment.number, 0)) {
    if (is_dead(entry)) dead_left += entry.length;
  }
  // From the commit to here nothing else has run: whoever looks something up next finds the new place.
  index.replace(made.segment, run);
  segments.replace(made.segment.number, made.segment.last(), made.summary);
  cache.drop(id, made.segment.number, made.segment.last());
  records.forget(made.segment.number, made.segment.last());
  sizes.forget();
  for (const SegmentInfo& segment : from) {
    dead_since.erase(segment.number);
    undroppable.erase(segment.number);
  }
  undroppable[made.segment.number] = dead_left;
  move_compaction_due(from, made.segment.number);
  stream_rewrite_logger.info("segments rewritten", {{"log", to_string(id)},
                                                    {"first", made.segment.number},
                                                    {"last", made.segment.last()},
                                                    {"bytes before", before},
                                                    {"bytes", made.segment.bytes}});
  CO_TRY_STATUS(co_await log->remove_replaced());
  co_return co_await index.remove_unused();
}

}  // namespace distributary
