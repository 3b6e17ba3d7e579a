// Key compaction: of each key the newest record stays. A round reads what compacted topics have in the sealed log, to
// learn the newest of each key, then rewrites the segments from which enough goes. When there are more keys than the
// map may hold, it makes a pass for each slice of them.
#include <algorithm>

#include "base/log.h"
#include "io/task_scope.h"
#include "stream/stream_impl.h"

namespace distributary {
namespace {

const Logger stream_compaction_logger("compaction");
constexpr Duration kTurnPause = std::chrono::milliseconds(100);

}  // namespace

const Stream::Impl::Compacted& Stream::Impl::compacted() {
  if (compacted_topics.version == state.topics_version()) return compacted_topics;
  const std::vector<bool> before = std::move(compacted_topics.topics);
  compacted_topics = {.version = state.topics_version()};
  compacted_topics.topics.resize(state.ordinals_end());
  for (uint32_t i = 0; i < state.ordinals_end(); ++i) {
    const Topic* topic = state.topic_at(i);
    if (topic == nullptr) continue;
    const EffectiveTopicSettings rules = in_force(*topic);
    if (!compacts(rules.cleanup_policy)) continue;
    compacted_topics.topics[i] = true;
    compacted_topics.any = true;
    compacted_topics.max_lag = std::min(compacted_topics.max_lag, rules.max_compaction_lag_ms);
    if (i < before.size() && !before[i]) compacted_bytes = 0;  // it has been filled without being compacted
  }
  return compacted_topics;
}

bool Stream::Impl::has_compacted(SegmentNumber unsealed) {
  const std::vector<bool>& topics = compacted().topics;
  const std::vector<IndexEntry> entries = index.memory().entries(unsealed, 0);
  return std::any_of(entries.begin(), entries.end(), [&](const IndexEntry& entry) {
    return ordinal_of(entry.key) < topics.size() && topics[ordinal_of(entry.key)];
  });
}

// When half of the sealed log is new, when something that could go has been there for long, or may have been, or when a
// topic does not want to wait.
bool Stream::Impl::compaction_due() {
  if (!compacted().any || log->segments().size() < 2) return false;
  uint64_t bytes = 0;
  for (const SegmentInfo& segment : log->segments()) bytes += segment.bytes;
  const uint64_t sealed_bytes = bytes - log->segments().back().bytes;
  const uint64_t sealed_history = segments.segments().back().start.position.history_bytes;
  const uint64_t fresh = sealed_history - std::min(sealed_history, compacted_bytes);
  if (fresh >= std::max(options.segment_bytes, sealed_bytes / 2)) return true;
  const WallMillis now = world.clock().wall_now();
  const WallMillis limit = std::chrono::milliseconds(options.dead_data_deadline).count();
  if (fresh > 0 && std::min(compacted().max_lag, limit) <= now - compacted_at) return true;
  if (left_for_later && limit <= now - compacted_at) return true;
  return std::any_of(compaction_due_at.begin(), compaction_due_at.end(),
                     [&](const auto& item) { return item.second <= now; });
}

// Few streams of a node are compacted at a time, for the memory it takes. False: not now; it is tried again soon.
Task<Result<bool>> Stream::Impl::take_compaction_turn(bool forced) {
  while (node_turns != nullptr && !node_turns->compactions.try_take(compaction_turn)) {
    if (!forced) co_return false;
    CO_TRY_STATUS(co_await sleep_for(world.executor, kTurnPause, scope.stop_token()));
  }
  co_return true;
}

Task<Status> Stream::Impl::compact(bool forced) {
  left_for_later = false;
  compacted_at = world.clock().wall_now();
  compactable.clear();
  uint32_t slices = 1;
  for (uint32_t slice = 0; slice < slices;) {
    CO_TRY(bool fits, co_await compact_slice(slice, slices, forced));
    if (fits) {
      ++slice;
    } else if (slices < KeyMap::kSlicesMax) {
      slices *= 2;
      slice *= 2;
    } else {
      stream_compaction_logger.warn("there are too many keys to compact; some stay as they are",
                                    {{"log", to_string(id)}});
      ++slice;
    }
  }
  std::erase_if(compaction_due_at, [this](const auto& item) { return !compactable.contains(item.first); });
  compacted_bytes = learnt_bytes;
  co_return Status{};
}

// False: the keys of the slice do not fit the map.
Task<Result<bool>> Stream::Impl::compact_slice(uint32_t slice, uint32_t slices, bool forced) {
  KeyMap map(world.random.uuid(), options.compaction_map_bytes, slices, slice);
  compaction = std::make_unique<KeyCompaction>(
      state, [this](const Topic& topic) { return in_force(topic); }, compacted().topics, world.clock().wall_now(),
      std::move(map), log->segments());
  CO_TRY(std::vector<Dying> found, co_await survey(forced));
  CO_TRY(bool fits, co_await learn_keys());
  if (!fits) co_return false;
  // How transactions have ended must not be taken back by a crash.
  writer->want_durable();
  CO_TRY_STATUS(co_await wait_for(writer->next_lsn() - 1, true, kNever, scope.stop_token()));
  weigh(found, slices, forced);
  CO_TRY_STATUS(co_await rewrite_rows(found, forced));
  co_return true;
}

// Reads the sealed segments that have batches of compacted topics, oldest first. False: there are too many keys.
Task<Result<bool>> Stream::Impl::learn_keys() {
  for (size_t i = 0; i < compaction->places(); ++i) {
    const SegmentNumber number = compaction->place(i).segment.number;
    const SegmentSummary* summary = segments.find(number);
    if (summary != nullptr) learnt_bytes = summary->start.position.history_bytes;
    if (!index.covered_by_run(number)) break;  // what follows comes in the next round: there must be no gap
    if (!compaction->place(i).compacted) continue;
    Status learned = co_await learn_place(i);
    if (compaction->full()) co_return false;
    if (learned) continue;
    if (!segment_info(number)) continue;  // retention has dropped it meanwhile
    if (learned.error().code != ErrorCode::corrupt) co_return fail(learned.error());
    // As in a rewrite: left as it is. Whoever reads it names it, and it is repaired from a replica.
    compaction->note_damaged(i);
    const bool is_new = unrewritable.insert(number).second;
    if (!is_new) continue;
    stream_compaction_logger.warn("a damaged segment is not compacted",
                                  {{"log", to_string(id)}, {"what", learned.error().message}});
  }
  left_for_later = left_for_later || compaction->left_for_later();
  co_return true;
}

Task<Status> Stream::Impl::learn_place(size_t place) {
  const SegmentInfo segment = compaction->place(place).segment;
  SegmentScanner scanner(*log, id, segment, kSegmentHeaderBytes);
  for (;;) {
    CO_TRY(std::optional<ScannedGroup> group, co_await scanner.next());
    if (!group) co_return Status{};
    size_t offset = kGroupHeaderBytes;
    for (bool more = true; more;) {
      CO_TRY(more, compaction->learn(*group, offset, place));
      co_await yield_to_others(world.executor);
      if (scope.stopping()) co_return fail(ErrorCode::cancelled, "the stream is being closed");
    }
    if (compaction->full()) co_return Status{};
  }
}

// Adds what the pass would take from each segment to what is dead in it.
void Stream::Impl::weigh(std::vector<Dying>& found, uint32_t slices, bool forced) {
  for (Dying& each : found) {
    const KeyCompaction::Place* place = compaction->find(each.segment.number);
    if (place == nullptr) continue;
    each.dead = std::min(each.segment.bytes, each.dead + place->superseded * slices);
    each.due = place_due(*place, each, forced) || each.due;
  }
  for (size_t i = 0; i < compaction->places(); ++i) note_held(compaction->place(i), found);
}

// What cannot be rewritten yet is looked at again, also when nothing new comes.
void Stream::Impl::note_held(const KeyCompaction::Place& place, const std::vector<Dying>& found) {
  const SegmentNumber number = place.segment.number;
  const bool rewritable =
      std::any_of(found.begin(), found.end(), [&](const Dying& each) { return each.segment.number == number; });
  if (!rewritable && !place.clean() && !unrewritable.contains(number)) look_again(number, world.clock().wall_now());
}

// A round follows when something has waited since then for long.
void Stream::Impl::look_again(SegmentNumber number, WallMillis since) {
  const WallMillis limit = std::chrono::milliseconds(options.dead_data_deadline).count();
  compactable.insert(number);
  compaction_due_at[number] = since > INT64_MAX - limit ? INT64_MAX : since + limit;
}

// Segments were rewritten as one. What a pass of compaction has left there it says itself.
void Stream::Impl::move_compaction_due(const std::vector<SegmentInfo>& from, SegmentNumber to) {
  WallMillis due_at = INT64_MAX;
  for (const SegmentInfo& segment : from) {
    auto known = compaction_due_at.find(segment.number);
    if (known == compaction_due_at.end()) continue;
    due_at = std::min(due_at, known->second);
    compaction_due_at.erase(known);
  }
  if (!compaction && due_at != INT64_MAX) compaction_due_at[to] = due_at;
}

bool Stream::Impl::place_due(const KeyCompaction::Place& place, const Dying& each, bool forced) {
  const SegmentNumber number = place.segment.number;
  const WallMillis now = world.clock().wall_now();
  const bool some = place.superseded > 0 || place.unmarked > 0;
  const WallMillis next = place.blocked ? now : place.next_horizon;
  if (!some && next != INT64_MAX) look_again(number, next);
  if (!some) return false;
  if (!compaction_due_at.contains(number)) look_again(number, now);
  compactable.insert(number);
  WallMillis& due_at = compaction_due_at[number];
  if (place.max_lag < INT64_MAX - now) due_at = std::min(due_at, now + place.max_lag);
  const uint64_t of_records = each.segment.bytes - std::min(each.segment.bytes, place.notes);
  return forced || place.overdue || due_at <= now || each.dead * 2 >= of_records;
}

}  // namespace distributary
