#include "stream/recovery.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "model/rewritten_entry.h"
#include "stream/entry_index.h"
#include "stream/rewrite_summary.h"
#include "stream/segment_scanner.h"

namespace distributary {
namespace {

const Logger recovery_logger("recovery");

std::string describe(const ContentView& content) {
  if (!content.is_batch()) return std::string(to_string(content.type()));
  return fmt::format("topic {} partition {} offsets {} to {}", to_string(content.topic()), content.partition(),
                     content.base_offset(), content.end_offset() - 1);
}

}  // namespace

Recovery::Recovery(Log& log, LogId id, CheckpointStore& checkpoints, BaselineStore& baselines, LogIndex& index)
    : log_(log), id_(id), checkpoints_(checkpoints), baselines_(baselines), index_(index) {}

Task<Result<RecoveredLog>> Recovery::run() {
  if (log_.segments().empty()) {
    out_.clean = true;
    co_return std::move(out_);
  }
  CO_TRY_STATUS(co_await begin());
  CO_TRY_STATUS(co_await replay());
  CO_TRY_STATUS(co_await finish());
  co_return std::move(out_);
}

Task<Status> Recovery::begin() {
  SegmentNumber first = log_.segments().front().number;
  CO_TRY(std::optional<CheckpointManifest> checkpoint, co_await checkpoints_.load(out_.state, index_));
  if (checkpoint) {
    out_.segments = checkpoint->segments;
    out_.segments.drop_before(first);
    covered_ = checkpoint->covered_lsn;
    durable_ = checkpoint->durable_lsn;
    segment_ = checkpoint->segment;
    at_ = checkpoint->at;
    next_ = covered_ + 1;
  } else {
    CO_TRY_STATUS(co_await begin_without_checkpoint(first));
  }
  std::vector<SegmentInfo> sealed = log_.segments();
  sealed.pop_back();
  CO_TRY(missing_, co_await index_.open(std::move(sealed)));
  std::erase_if(missing_, [&](SegmentNumber s) {
    std::vector<SegmentNumber> in_memory = index_.memory().segments();
    return s >= segment_ || std::find(in_memory.begin(), in_memory.end(), s) != in_memory.end();
  });
  co_return Status{};
}

Task<Status> Recovery::begin_without_checkpoint(SegmentNumber first) {
  segment_ = first;
  if (first == 1) co_return Status{};
  CO_TRY(Bytes bytes, co_await log_.read(first, 0, kSegmentHeaderBytes, ReadPattern::sequential));
  auto header = SegmentHeader::parse(bytes, id_, log_.segments().front());
  if (header) next_ = header->first_lsn;
  covered_ = next_ - 1;
  auto baseline = co_await baselines_.load(first);
  if (baseline) {
    out_.state = std::move(*baseline);
    co_return Status{};
  }
  out_.damage.push_back({first, 0, 1, covered_,
                         fmt::format("log {} has no usable checkpoint and begins at segment {}, and what the dropped "
                                     "segments said is lost too: {}; "
                                     "restore it from a replica",
                                     to_string(id_), first, baseline.error().message)});
  co_return Status{};
}

Task<Status> Recovery::replay() {
  std::vector<SegmentInfo> segments = log_.segments();
  bool reached = false;
  for (const SegmentInfo& segment : segments) {
    if (segment.number < segment_) continue;
    reached = true;
    uint64_t from = segment.number == segment_ ? std::max<uint64_t>(at_, kSegmentHeaderBytes) : kSegmentHeaderBytes;
    if (segment.number == segment_ && at_ > segment.bytes) {
      out_.damage.push_back({segment.number, segment.bytes, 0, covered_,
                             fmt::format("segment {} of log {} has {} bytes, but {} were durable: "
                                         "its tail is lost; repair it from a replica",
                                         segment.number, to_string(id_), segment.bytes, at_)});
      break;
    }
    CO_TRY(bool good, co_await open_segment(segment));
    if (!good) break;
    CO_TRY(bool go_on, co_await replay_segment(segment, from));
    if (!go_on) break;
  }
  if (!reached && segment_ == segments.back().number + 1) {  // the checkpoint's next group would have begun a segment
    segment_ = segments.back().number;
    at_ = segments.back().bytes;
  }
  if (next_ <= durable_) {
    out_.damage.push_back(
        {segment_, at_, next_, durable_,
         fmt::format(
             "log {} ends at LSN {}, but LSNs up to {} were durable: the tail is lost; repair it from a replica",
             to_string(id_), next_ - 1, durable_)});
  }
  co_return Status{};
}

Task<Result<bool>> Recovery::open_segment(SegmentInfo segment) {
  SegmentNumber number = segment.number;
  uint64_t length = std::min<uint64_t>(segment.bytes, kSegmentHeaderBytes);
  CO_TRY(Bytes bytes, co_await log_.read(number, 0, length, ReadPattern::sequential));
  auto header = SegmentHeader::parse(bytes, id_, segment);
  bool misplaced = header && out_.segments.find(number) == nullptr && header->first_lsn != next_ && number != segment_;
  if (!header || misplaced) {
    if (!header && header.error().code == ErrorCode::unsupported) co_return fail(header.error());
    Hole hole{number, 0, header ? std::string("segment begins at another LSN") : header.error().message};
    co_return co_await judge(hole);
  }
  if (number != segment_) out_.segments.end_segment(header->created);
  if (out_.segments.find(number) == nullptr) {
    LogPosition start{next_, number, kSegmentHeaderBytes, out_.state.history_bytes(), out_.state.history_records()};
    out_.segments.begin_segment({start, out_.state.origins()});
  }
  segment_ = number;
  out_.segment_created = header->created;
  co_return true;
}

Task<Result<bool>> Recovery::replay_segment(SegmentInfo segment, uint64_t from) {
  SegmentNumber number = segment.number;
  SegmentScanner scanner(log_, id_, segment, from);
  at_ = from;
  for (;;) {
    auto group = co_await scanner.next();
    if (group && !*group) co_return true;
    Status replayed = group ? replay_group(**group) : Status(fail(group.error()));
    if (replayed) {
      at_ = scanner.at();
      out_.replayed_bytes += (*group)->bytes.size();
      continue;
    }
    ErrorCode code = replayed.error().code;
    if (code != ErrorCode::corrupt) co_return fail(replayed.error());
    Hole hole{number, at_, replayed.error().message};
    CO_TRY(bool damage, co_await judge(hole));
    if (!damage) co_return false;
    if (group) {
      damaged_group(**group, replayed.error());
      at_ = scanner.at();
      continue;
    }
    CO_TRY(bool more, co_await scanner.find_next_group());
    if (!more) co_return true;
    at_ = scanner.at();
  }
}

Status Recovery::replay_group(const ScannedGroup& group) {
  const GroupHeader& header = group.header;
  bool follows = header.first_lsn == next_ || (first_group_ && header.first_lsn <= next_) || !out_.damage.empty();
  if (!follows || header.epoch < epoch_) {
    return fail(ErrorCode::corrupt, fmt::format("segment {} at {}: group begins at LSN {}, expected {}", group.segment,
                                                group.at, header.first_lsn, next_));
  }
  // All entries are checked before the first is applied: a group counts wholly or not at all.
  std::vector<std::pair<size_t, EntryView>> entries;
  size_t offset = kGroupHeaderBytes;
  Lsn expected = header.first_lsn;
  for (uint32_t i = 0; i < header.entries; ++i) {
    auto entry = group.entry(offset);
    if (!entry) return fail(entry.error().context(fmt::format("segment {} at {}", group.segment, group.at + offset)));
    if (entry->lsn != expected) return fail(ErrorCode::corrupt, fmt::format("entry {} is out of order", entry->lsn));
    entries.emplace_back(offset, *entry);
    offset += entry->length;
    expected = entry->end_lsn();
  }
  if (offset != group.entries_end() || expected != header.end_lsn())
    return fail(ErrorCode::corrupt,
                fmt::format("segment {} at {}: group has bytes behind its last entry", group.segment, group.at));
  LogPosition place{header.first_lsn, group.segment, group.at, out_.state.history_bytes(),
                    out_.state.history_records()};
  if (header.first_lsn == next_) out_.segments.offer_mark(place, out_.state.origins());
  for (auto& [at, entry] : entries) {
    if (entry.lsn > covered_) TRY_STATUS(replay_entry(entry, group, at));
  }
  first_group_ = false;
  epoch_ = header.epoch;
  durable_ = std::max(durable_, header.durable_lsn);
  next_ = std::max(next_, header.end_lsn());
  return {};
}

Status Recovery::replay_entry(const EntryView& entry, const ScannedGroup& group, size_t offset) {
  const ContentView& content = entry.content;
  TRY_STATUS(out_.state.apply(content, !out_.damage.empty()));
  if (index_.covered_by_run(group.segment)) return {};
  visit_indexed(out_.state, content, {group.segment, group.at + offset, entry.length},
                [&](const IndexEntry& indexed) { index_.add(indexed); });
  return {};
}

// What is still readable of a damaged group is kept; what is not is named entry by entry.
void Recovery::damaged_group(const ScannedGroup& group, const Error& error) {
  out_.damage.back().what += "; " + error.message;
  size_t offset = kGroupHeaderBytes;
  while (offset + kEntryHeaderBytes <= group.entries_end()) {
    auto header = EntryView::parse_header(group.bytes.view().subspan(offset), group.salt);
    if (!header) break;
    auto entry = group.entry(offset);
    if (!entry) {
      out_.damage.push_back({group.segment, group.at + offset, header->lsn, header->lsn,
                             fmt::format("segment {} at {}: LSN {} ({}) does not match its checksum", group.segment,
                                         group.at + offset, header->lsn, describe(header->content))});
    } else if (entry->lsn > covered_ && entry->lsn >= next_) {
      Status applied = replay_entry(*entry, group, offset);
      if (!applied)
        out_.damage.push_back({group.segment, group.at + offset, entry->lsn, entry->lsn, applied.error().message});
    }
    offset += header->length;
  }
  next_ = std::max(next_, group.header.end_lsn());
}

Task<Status> Recovery::look_behind(Hole hole, bool& later_segment) {
  for (const SegmentInfo& segment : std::vector<SegmentInfo>(log_.segments())) {
    if (segment.number < hole.segment) continue;
    bool same = segment.number == hole.segment;
    if (!same) {
      CO_TRY(Bytes bytes, co_await log_.read(segment.number, 0, std::min<uint64_t>(segment.bytes, kSegmentHeaderBytes),
                                             ReadPattern::sequential));
      later_segment = later_segment || SegmentHeader::parse(bytes, id_, segment).has_value();
    }
    SegmentScanner scanner(log_, id_, segment, same ? hole.at : kSegmentHeaderBytes);
    for (;;) {
      auto group = co_await scanner.next();
      if (group && !*group) break;
      if (group) {
        durable_ = std::max(durable_, (*group)->header.durable_lsn);
        continue;
      }
      CO_TRY(bool more, co_await scanner.find_next_group());
      if (!more) break;
    }
  }
  co_return Status{};
}

Task<Result<bool>> Recovery::judge(Hole hole) {
  bool later_segment = false;
  CO_TRY_STATUS(co_await look_behind(hole, later_segment));
  if (next_ <= durable_ || later_segment) {
    out_.damage.push_back({hole.segment, hole.at, next_, std::max(next_, durable_),
                           fmt::format("damage in log {} from LSN {} on: {}; repair it from a replica or upstream",
                                       to_string(id_), next_, hole.why)});
    co_return true;
  }
  recovery_logger.info(
      "cutting a torn tail, which was never acknowledged",
      {{"log", to_string(id_)}, {"segment", hole.segment}, {"at", hole.at}, {"lsn", next_}, {"why", hole.why}});
  cut_ = true;
  SegmentNumber first = log_.segments().front().number;
  if (hole.at != 0) {
    CO_TRY_STATUS(co_await log_.truncate(hole.segment, hole.at));
  } else if (hole.segment == first) {
    CO_TRY_STATUS(co_await log_.remove_segment(hole.segment));
  } else {
    const auto& segments = log_.segments();
    auto before = std::find_if(segments.begin(), segments.end(),
                               [&](const SegmentInfo& s) { return s.last() + 1 == hole.segment; });
    SegmentInfo keep = *before;
    CO_TRY_STATUS(co_await log_.truncate(keep.number, keep.bytes));
    segment_ = keep.number;
    at_ = keep.bytes;
  }
  co_return false;
}

Task<Status> Recovery::finish() {
  bool untouched = next_ == covered_ + 1 && !cut_;
  out_.clean = untouched && covered_ > 0;
  if (log_.segments().empty()) {
    out_ = RecoveredLog{};
    co_return Status{};
  }
  // What a killed process had written may be in the page cache only: make it durable before anybody is told of it.
  if (out_.damage.empty() && !cut_) {
    SegmentInfo last = log_.segments().back();
    CO_TRY_STATUS(co_await log_.truncate(last.number, last.bytes));
  }
  CO_TRY_STATUS(co_await note_rewrites());
  out_.end = {next_, segment_, at_, out_.state.history_bytes(), out_.state.history_records()};
  out_.segment_end = at_;
  out_.state.raise_all_high_watermarks();
  for (const Damage& damage : out_.damage)
    recovery_logger.warn("stream is damaged and opens read-only", {{"what", damage.what}});
  co_return co_await index_missing();
}

// What was rewritten since the checkpoint, or is seen for the first time, says so itself.
Task<Status> Recovery::note_rewrites() {
  std::vector<SegmentInfo> segments = log_.segments();
  for (const SegmentInfo& segment : segments) {
    const SegmentSummary* known = out_.segments.find(segment.number);
    if (known == nullptr || known->rewritten.rewrite == segment.rewrite) continue;
    auto summary = co_await read_rewrite_summary(log_, id_, segment);
    if (!summary && summary.error().code != ErrorCode::corrupt) co_return fail(summary.error());
    if (!summary) {
      out_.damage.push_back({segment.number, segment.bytes, known->start.position.next, known->start.position.next,
                             fmt::format("rewritten segment {} of log {} does not say what was dropped from it: {}; "
                                         "repair it from a replica",
                                         segment.number, to_string(id_), summary.error().message)});
      continue;
    }
    out_.segments.replace(segment.number, segment.last(), std::move(*summary));
  }
  co_return Status{};
}

Task<Status> Recovery::index_missing() {
  for (SegmentNumber segment : missing_) {
    recovery_logger.info("indexing a segment anew", {{"log", to_string(id_)}, {"segment", segment}});
    CO_TRY_STATUS(co_await index_segment(log_, id_, segment, out_.state, index_));
  }
  co_return Status{};
}

Task<Status> Recovery::index_segment(Log& log, LogId id, SegmentNumber number, const StreamState& state,
                                     LogIndex& index) {
  auto found = std::find_if(log.segments().begin(), log.segments().end(),
                            [&](const SegmentInfo& s) { return s.number == number; });
  if (found == log.segments().end()) co_return Status{};
  SegmentScanner scanner(log, id, *found, kSegmentHeaderBytes);
  for (;;) {
    auto group = co_await scanner.next();
    if (!group) {  // damage: what is behind it is still indexed, the damage is named when it is read
      recovery_logger.warn("damage in a sealed segment", {{"log", to_string(id)}, {"what", group.error().message}});
      CO_TRY(bool more, co_await scanner.find_next_group());
      if (!more) co_return Status{};
      continue;
    }
    if (!*group) co_return Status{};
    size_t offset = kGroupHeaderBytes;
    while (offset < (*group)->entries_end()) {
      auto entry = EntryView::parse_header((*group)->bytes.view().subspan(offset), (*group)->salt);
      if (!entry) break;
      visit_indexed(state, entry->content, {number, (*group)->at + offset, entry->length},
                    [&](const IndexEntry& indexed) { index.add(indexed); });
      offset += entry->length;
    }
  }
}

}  // namespace distributary
