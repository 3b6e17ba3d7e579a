#include "stream/log_index.h"

#include <algorithm>

#include "base/log.h"

namespace distributary {
namespace {
const Logger log_index_logger("index");

bool before(const IndexEntry& a, const IndexEntry& b) {
  return std::pair(a.key, a.base_offset) < std::pair(b.key, b.base_offset);
}

}  // namespace

// Takes a run for the segments that none was taken for yet; false: it is good for nothing.
Task<Result<bool>> LogIndex::adopt_run(IndexRunName name, const std::vector<SegmentInfo>& sealed) {
  std::vector<SegmentInfo> wanted;
  for (const SegmentInfo& segment : sealed) {
    bool within = name.first <= segment.number && segment.last() <= name.last && segment.rewrite <= name.rewrite;
    bool exact = segment.number == name.first && segment.last() == name.last && segment.rewrite == name.rewrite;
    if ((name.of_rewrite ? exact : within) && !covered_by_run(segment.number)) wanted.push_back(segment);
  }
  if (wanted.empty()) co_return false;
  auto opened = co_await IndexRun::open(log_, id_, name);
  if (!opened && opened.error().code == ErrorCode::cancelled) co_return fail(opened.error());
  if (!opened) {
    log_index_logger.warn("index is incomplete or damaged and will be made again",
                          {{"log", to_string(id_)}, {"why", opened.error().message}});
    co_return false;
  }
  RunPointer run = std::move(*opened);
  for (const SegmentInfo& segment : wanted) {
    bool goes_on = !views_.empty() && views_.back().run == run && views_.back().last + 1 == segment.number;
    if (goes_on) views_.back().last = segment.last();
    if (!goes_on) views_.push_back({segment.number, segment.last(), run});
  }
  co_return true;
}

Task<Result<std::vector<SegmentNumber>>> LogIndex::open(std::vector<SegmentInfo> sealed) {
  first_segment_ = sealed.empty() ? 0 : sealed.front().number;
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  std::map<IndexRunName, std::vector<std::string>> found;
  for (const std::string& blob : blobs) {
    IndexRunName name;
    uint32_t part = 0;
    if (IndexRunName::parse(blob, name, part)) found[name].push_back(blob);
  }
  // The latest and among them the widest first: a merged run supersedes those it was made of.
  std::vector<IndexRunName> names;
  for (const auto& [name, parts] : found) names.push_back(name);
  std::sort(names.begin(), names.end(), [](const IndexRunName& a, const IndexRunName& b) {
    return std::pair(a.rewrite, a.last - a.first) > std::pair(b.rewrite, b.last - b.first);
  });
  for (const IndexRunName& name : names) {
    CO_TRY(bool used, co_await adopt_run(name, sealed));
    for (const std::string& blob : found[name]) {
      if (!used) CO_TRY_STATUS(co_await log_.remove_blob(blob));
    }
  }
  std::sort(views_.begin(), views_.end(), [](const View& a, const View& b) { return a.first < b.first; });
  std::vector<SegmentNumber> missing;
  for (const SegmentInfo& segment : sealed) {
    if (!covered_by_run(segment.number)) missing.push_back(segment.number);
  }
  // What a checkpoint says of a segment that was rewritten since, or dropped, is of no use.
  SegmentNumber sealed_end = sealed.empty() ? 0 : sealed.back().last() + 1;
  memory_.erase_if([&](SegmentNumber number) {
    auto at = std::find_if(sealed.begin(), sealed.end(), [&](const SegmentInfo& s) { return s.number == number; });
    bool as_appended = at != sealed.end() && at->rewrite == 0 && !covered_by_run(number);
    return number < sealed_end && !as_appended;
  });
  co_return missing;
}

bool LogIndex::covered_by_run(SegmentNumber segment) const {
  return std::any_of(views_.begin(), views_.end(),
                     [&](const View& view) { return view.first <= segment && segment <= view.last; });
}

void LogIndex::insert_view(View view) {
  auto place = std::find_if(views_.begin(), views_.end(), [&](const View& v) { return v.first > view.first; });
  ++generation_;
  views_.insert(place, std::move(view));
}

Task<Status> LogIndex::seal(SegmentInfo segment) {
  IndexRunName name{segment.number, segment.last(), segment.rewrite, segment.rewrite > 0};
  CO_TRY_STATUS(co_await write_memory(memory_, segment.number, name));
  CO_TRY(std::unique_ptr<IndexRun> run, co_await IndexRun::open(log_, id_, name));
  View view{name.first, name.last, std::move(run)};
  insert_view(std::move(view));
  memory_.erase(segment.number);
  co_return Status{};
}

Task<Result<LogIndex::RunPointer>> LogIndex::write_rewritten(SegmentInfo segment, const MemoryIndex& entries) {
  IndexRunName name{segment.number, segment.last(), segment.rewrite, true};
  CO_TRY_STATUS(co_await write_memory(entries, segment.number, name));
  CO_TRY(std::unique_ptr<IndexRun> run, co_await IndexRun::open(log_, id_, name));
  co_return RunPointer(std::move(run));
}

void LogIndex::replace(const SegmentInfo& segment, RunPointer run) {
  std::vector<View> before = std::exchange(views_, {});
  for (const View& view : before) {
    if (view.first < segment.number) views_.push_back({view.first, std::min(view.last, segment.number - 1), view.run});
    if (view.last > segment.last()) views_.push_back({std::max(view.first, segment.last() + 1), view.last, view.run});
  }
  View view{segment.number, segment.last(), std::move(run)};
  insert_view(std::move(view));
  hints_.clear();
  set_aside_unused(before);
}

// Runs that no view uses any more.
void LogIndex::set_aside_unused(const std::vector<View>& before) {
  auto uses = [](const RunPointer& run) { return [run](const View& view) { return view.run == run; }; };
  for (const View& view : before) {
    bool used = std::any_of(views_.begin(), views_.end(), uses(view.run));
    bool known = std::find(unused_.begin(), unused_.end(), view.run) != unused_.end();
    if (!used && !known) unused_.push_back(view.run);
  }
}

Task<Status> LogIndex::remove_unused() {
  while (!unused_.empty()) {
    RunPointer run = unused_.back();
    unused_.pop_back();
    CO_TRY_STATUS(co_await remove_blobs(run));
  }
  co_return Status{};
}

// Between two entries: lets others go first, and cuts a part that is full.
Task<Status> LogIndex::pause(IndexPartWriter& writer) {
  if (!writer.full()) {
    co_await yield_to_others(executor_);
    co_return Status{};
  }
  Bytes part = writer.finish(false);
  std::string blob = writer.name().part(writer.part());
  CO_TRY_STATUS(co_await log_.put_blob(std::move(blob), std::move(part)));
  writer = IndexPartWriter(id_, writer.name(), writer.part() + 1);
  co_return Status{};
}

Task<Status> LogIndex::finish_run(IndexPartWriter& writer) {
  Bytes part = writer.finish(true);
  std::string blob = writer.name().part(writer.part());
  co_return co_await log_.put_blob(std::move(blob), std::move(part));
}

Task<Status> LogIndex::write_memory(const MemoryIndex& from, SegmentNumber segment, IndexRunName name) {
  IndexPartWriter writer(id_, name, 0);
  std::vector<IndexKey> keys = from.keys(segment);
  for (IndexKey key : keys) {
    std::vector<IndexEntry> entries = from.of_partition(segment, key);
    for (const IndexEntry& entry : entries) {
      if (pause_due(writer)) CO_TRY_STATUS(co_await pause(writer));
      writer.add(entry);
    }
  }
  co_return co_await finish_run(writer);
}

namespace {
// How often eight-to-one merges may have made something as wide.
int level_of(SegmentNumber segments) {
  int level = 0;
  for (; segments >= kIndexMergeFanIn; segments /= kIndexMergeFanIn) ++level;
  return level;
}
}  // namespace

// Neighbours of about the same width, as many as make a merge.
std::vector<LogIndex::View> LogIndex::row_to_merge() const {
  size_t length = 0;
  for (size_t i = 0; i < views_.size(); ++i) {
    const View& view = views_[i];
    bool goes_on = i > 0 && view.first == views_[i - 1].last + 1 &&
                   level_of(view.last - view.first + 1) == level_of(views_[i - 1].last - views_[i - 1].first + 1);
    length = goes_on ? length + 1 : 1;
    if (length < kIndexMergeFanIn) continue;
    auto end = views_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    return {end - kIndexMergeFanIn, end};
  }
  return views_.size() > kIndexViewsMax ? narrowest_row() : std::vector<View>();
}

std::vector<LogIndex::View> LogIndex::narrowest_row() const {
  size_t best = 0;
  auto width = [&](size_t i) { return views_[i + kIndexMergeFanIn - 1].last - views_[i].first; };
  for (size_t i = 1; i + kIndexMergeFanIn <= views_.size(); ++i) {
    if (width(i) < width(best)) best = i;
  }
  auto begin = views_.begin() + static_cast<std::ptrdiff_t>(best);
  return {begin, begin + kIndexMergeFanIn};
}

Task<Status> LogIndex::merge(std::stop_token stop) {
  for (;;) {
    std::vector<View> row = row_to_merge();
    if (row.empty()) co_return Status{};
    CO_TRY_STATUS(co_await merge_row(row, stop));
  }
}

Task<Status> LogIndex::merge_row(std::vector<View> row, std::stop_token stop) {
  IndexRunName name{row.front().first, row.back().last, 0, false};
  for (const View& view : row) name.rewrite = std::max(name.rewrite, view.run->name().rewrite);
  CO_TRY_STATUS(co_await write_run(name, row, stop));
  CO_TRY(std::unique_ptr<IndexRun> merged, co_await IndexRun::open(log_, id_, name));
  RunPointer whole = std::move(merged);
  auto begin = std::search(views_.begin(), views_.end(), row.begin(), row.end());
  if (begin == views_.end())
    co_return co_await remove_blobs(whole);  // retention, a rewrite or damage has taken a part of the row meanwhile
  std::vector<View> before = views_;
  ++generation_;
  *begin = {name.first, name.last, std::move(whole)};
  views_.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(row.size()));
  set_aside_unused(before);
  co_return co_await remove_unused();
}

Task<Status> LogIndex::write_run(IndexRunName name, std::vector<View> from, std::stop_token stop) {
  std::vector<IndexRunCursor> cursors;
  for (View& view : from) cursors.emplace_back(*view.run, view.first, view.last);
  IndexPartWriter writer(id_, name, 0);
  for (;;) {
    IndexRunCursor* least = nullptr;
    for (IndexRunCursor& cursor : cursors) {
      if (!cursor.loaded()) {
        Result<bool> more = co_await cursor.load();
        if (!more && more.error().code == ErrorCode::corrupt) damaged_.push_back(cursor.run().name());
        if (!more) co_return fail(more.error());
        if (!*more) continue;
      }
      if (least == nullptr || before(cursor.current(), least->current())) least = &cursor;
    }
    if (least == nullptr) break;
    if (pause_due(writer)) {
      CO_TRY_STATUS(co_await pause(writer));
      if (stop.stop_requested()) co_return fail(ErrorCode::cancelled, "the stream is being closed");
    }
    writer.add(least->current());
    least->advance();
  }
  co_return co_await finish_run(writer);
}

Task<Status> LogIndex::visit(std::function<void(const IndexEntry&)> see, std::stop_token stop) {
  std::vector<View> all = views_;
  size_t seen = 0;
  for (const View& view : all) {
    IndexRunCursor cursor(*view.run, view.first, view.last);
    for (;;) {
      Result<bool> more = co_await cursor.load();
      if (!more && more.error().code == ErrorCode::corrupt) damaged_.push_back(view.run->name());
      if (!more) co_return fail(more.error());
      if (!*more) break;
      see(cursor.current());
      cursor.advance();
      if (++seen % kIndexEntriesPerTurn != 0) continue;
      co_await yield_to_others(executor_);
      if (stop.stop_requested()) co_return fail(ErrorCode::cancelled, "the stream is being closed");
    }
  }
  co_return Status{};
}

Task<Status> LogIndex::remove_blobs(RunPointer run) {
  std::erase_if(cache_, [&](const CachedBlock& cached) { return cached.run == run.get(); });
  for (uint32_t part = 0; part < run->parts(); ++part) {
    CO_TRY_STATUS(co_await log_.remove_blob(run->name().part(part)));
  }
  co_return Status{};
}

Task<Result<LogIndex::Block>> LogIndex::block(RunPointer run, size_t index) {
  for (const CachedBlock& cached : cache_) {
    if (cached.run == run.get() && cached.block == index) co_return cached.entries;
  }
  auto entries = co_await run->read_block(index);
  if (!entries) {
    bool still_used = std::any_of(views_.begin(), views_.end(), [&](const View& view) { return view.run == run; });
    if (still_used) damaged_.push_back(run->name());
    co_return fail(entries.error());
  }
  auto shared = std::make_shared<const std::vector<IndexEntry>>(std::move(*entries));
  cache_.push_front({run.get(), index, shared});
  if (cache_.size() > kIndexBlocksCached) cache_.pop_back();
  co_return shared;
}

namespace {
// Adds to `out` until a limit is reached; false: enough.
bool take(std::vector<IndexEntry>& out, const IndexEntry& entry, size_t& bytes, size_t bytes_max, size_t entries_max) {
  out.push_back(entry);
  bytes += entry.length;
  return bytes < bytes_max && out.size() < entries_max;
}
}  // namespace

Task<Result<LogIndex::Probe>> LogIndex::probe(View view, IndexKey key, Offset from, size_t bytes_max,
                                              size_t entries_max) {
  RunPointer run = view.run;
  Probe result;
  size_t bytes = 0;
  for (size_t i = run->seek_block(key, from); i < run->blocks(); ++i) {
    CO_TRY(Block entries, co_await block(run, i));
    for (const IndexEntry& entry : *entries) {
      if (entry.key < key) continue;
      if (entry.key > key) co_return result;
      if (entry.segment < view.first || entry.segment > view.last) continue;
      if (entry.end_offset() <= from) {
        result.passed = true;
        continue;
      }
      if (!take(result.entries, entry, bytes, bytes_max, entries_max)) co_return result;
    }
  }
  co_return result;
}

std::vector<LogIndex::Source> LogIndex::sources() const {
  std::vector<Source> all;
  all = views_;
  for (SegmentNumber segment : memory_.segments()) all.push_back({segment, segment, nullptr});
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.first < b.first; });
  return all;
}

Task<Result<LogIndex::Probe>> LogIndex::probe_source(Source source, IndexKey key, Offset from, size_t bytes_max,
                                                     size_t entries_max) {
  if (source.run) co_return co_await probe(source, key, from, bytes_max, entries_max);
  co_return memory_.find(source.first, key, from, bytes_max,
                         entries_max);  // nothing if sealed meanwhile: the lookup begins anew
}

size_t LogIndex::hinted_source(const std::vector<Source>& all, IndexKey key, Offset from) const {
  auto hint = hints_.find(key);
  if (hint == hints_.end() || from < hint->second.begin || from > hint->second.end) return all.size();
  auto after = std::upper_bound(all.begin(), all.end(), hint->second.segment,
                                [](SegmentNumber segment, const Source& source) { return segment < source.first; });
  return after == all.begin() ? all.size() : static_cast<size_t>(after - all.begin()) - 1;
}

void LogIndex::leave_hint(IndexKey key, const std::vector<IndexEntry>& found) {
  if (found.empty()) return;
  if (hints_.size() >= kIndexHints && !hints_.contains(key))
    hints_.clear();  // all are found again by looking from the newest on
  hints_[key] = {found.front().base_offset, found.back().end_offset(), found.front().segment};
}

Task<Result<size_t>> LogIndex::first_source(const std::vector<Source>& all, IndexKey key, Offset from, size_t bytes_max,
                                            size_t entries_max, Probe& first) {
  // A reader that goes on: nothing of what it wants is before what its last lookup found.
  for (size_t i = hinted_source(all, key, from); i < all.size(); ++i) {
    CO_TRY(Probe found, co_await probe_source(all[i], key, from, bytes_max, entries_max));
    if (found.entries.empty()) continue;
    first = std::move(found);
    co_return i;
  }
  // Newest first, until a source shows that what is wanted is not in an older one.
  size_t start = all.size();
  for (size_t i = all.size(); i-- > 0;) {
    CO_TRY(Probe found, co_await probe_source(all[i], key, from, bytes_max, entries_max));
    bool passed = found.passed;
    if (!found.entries.empty()) {
      start = i;
      first = std::move(found);
      passed = passed || first.entries.front().base_offset <= from;
    }
    if (passed) break;
  }
  co_return start;
}

Task<Result<std::vector<IndexEntry>>> LogIndex::find(IndexKey key, Offset from, size_t bytes_max, size_t entries_max) {
  for (;;) {
    uint64_t seen = generation_;
    auto found = co_await find_once(key, from, bytes_max, entries_max);
    if (seen == generation_) co_return found;
  }
}

Task<Result<std::optional<IndexEntry>>> LogIndex::find_time(IndexKey key, Offset from, WallMillis time) {
  constexpr size_t kEntriesPerStep = 4096;
  for (;;) {
    CO_TRY(std::vector<IndexEntry> entries, co_await find(key, from, SIZE_MAX, kEntriesPerStep));
    if (entries.empty()) co_return std::nullopt;
    for (const IndexEntry& entry : entries) {
      if (!entry.hole() && entry.max_timestamp >= time) co_return entry;
    }
    from = entries.back().end_offset();
  }
}

Task<Result<std::vector<IndexEntry>>> LogIndex::find_once(IndexKey key, Offset from, size_t bytes_max,
                                                          size_t entries_max) {
  const std::vector<Source> sources = this->sources();
  Probe first;
  CO_TRY(size_t start, co_await first_source(sources, key, from, bytes_max, entries_max, first));
  std::vector<IndexEntry> result = std::move(first.entries);
  std::erase_if(result, [&](const IndexEntry& entry) { return entry.segment < first_segment_; });
  size_t bytes = 0;
  for (const IndexEntry& entry : result) bytes += entry.length;
  for (size_t i = start + 1; i < sources.size() && bytes < bytes_max && result.size() < entries_max; ++i) {
    if (result.empty()) break;
    Offset next = result.back().end_offset();
    CO_TRY(Probe more, co_await probe_source(sources[i], key, next, bytes_max - bytes, entries_max - result.size()));
    for (const IndexEntry& entry : more.entries) {
      if (entry.base_offset < result.back().end_offset()) continue;
      bytes += entry.length;
      result.push_back(entry);
    }
  }
  leave_hint(key, result);
  co_return result;
}

Task<Result<std::map<IndexKey, Offset>>> LogIndex::segment_ends(SegmentNumber segment) {
  std::map<IndexKey, Offset> ends;
  std::vector<View> all = views_;
  for (const View& view : all) {
    if (segment < view.first || segment > view.last) continue;
    IndexRunCursor cursor(*view.run, segment, segment);
    for (;;) {
      CO_TRY(bool more, co_await cursor.load());
      if (!more) break;
      ends[cursor.current().key] = cursor.current().end_offset();
      cursor.advance();
    }
  }
  std::vector<IndexEntry> in_memory = memory_.entries(segment, 0);
  for (const IndexEntry& entry : in_memory) ends[entry.key] = entry.end_offset();
  co_return ends;
}

Task<Status> LogIndex::drop_before(SegmentNumber first) {
  first_segment_ = first;
  ++generation_;
  memory_.erase_before(first);
  std::vector<View> before = views_;
  std::erase_if(views_, [&](const View& view) { return view.last < first; });
  if (!views_.empty()) views_.front().first = std::max(views_.front().first, first);
  set_aside_unused(before);
  co_return co_await remove_unused();
}

Task<std::vector<SegmentNumber>> LogIndex::discard_run(IndexRunName name) {
  std::vector<SegmentNumber> segments;
  std::vector<View> before = views_;
  std::erase_if(views_, [&](const View& view) { return view.run->name() == name; });
  for (const View& view : before) {
    if (view.run->name() != name) continue;
    for (const SegmentInfo& segment : log_.segments()) {
      if (segment.number >= view.first && segment.number <= view.last) segments.push_back(segment.number);
    }
  }
  ++generation_;
  set_aside_unused(before);
  Status removed = co_await remove_unused();
  if (!removed) log_index_logger.warn("a damaged index could not be removed", {{"why", removed.error().message}});
  co_return segments;
}

}  // namespace distributary
