#include "stream/log_index.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace distributary {
namespace {
const Logger logger("index");

bool before(const IndexEntry& a, const IndexEntry& b) {
  return std::pair(a.key, a.base_offset) < std::pair(b.key, b.base_offset);
}

}  // namespace

Task<Result<std::vector<SegmentNumber>>> LogIndex::open(SegmentNumber first, SegmentNumber last) {
  first_segment_ = first;
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  std::set<std::pair<SegmentNumber, SegmentNumber>> found;
  for (const std::string& blob : blobs) {
    IndexRunName name;
    if (IndexRunName::parse(blob, name)) found.insert({name.first, name.last});
  }
  // Widest first: a merged run supersedes those it was made of.
  std::vector<std::pair<SegmentNumber, SegmentNumber>> widest(found.begin(), found.end());
  std::sort(widest.begin(), widest.end(), [](auto a, auto b) { return a.second - a.first > b.second - b.first; });
  std::set<SegmentNumber> covered;
  for (auto [run_first, run_last] : widest) {
    bool overlaps = covered.contains(run_first) || covered.contains(run_last);
    bool outside = run_last < first || run_last > last;
    if (!overlaps && !outside) {
      auto run = co_await IndexRun::open(log_, id_, run_first, run_last);
      if (run) {
        for (SegmentNumber s = run_first; s <= run_last; ++s) covered.insert(s);
        runs_.push_back(std::move(*run));
        continue;
      }
      logger.warn("index is incomplete or damaged and will be made again",
                  {{"log", to_string(id_)}, {"why", run.error().message}});
    }
    for (const std::string& blob : blobs) {
      IndexRunName name;
      if (!IndexRunName::parse(blob, name) || name.first != run_first || name.last != run_last) continue;
      CO_TRY_STATUS(co_await log_.remove_blob(blob));
    }
  }
  std::sort(runs_.begin(), runs_.end(),
            [](const RunPointer& a, const RunPointer& b) { return a->first() < b->first(); });
  memory_.erase_if([&](SegmentNumber segment) { return covered.contains(segment) || segment < first; });
  std::vector<SegmentNumber> missing;
  for (SegmentNumber s = first; s <= last && s != 0; ++s) {
    if (!covered.contains(s)) missing.push_back(s);
  }
  co_return missing;
}

bool LogIndex::covered_by_run(SegmentNumber segment) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const RunPointer& r) { return r->first() <= segment && segment <= r->last(); });
}

Task<Status> LogIndex::seal(SegmentNumber number) {
  CO_TRY_STATUS(co_await write_memory(number));
  CO_TRY(std::unique_ptr<IndexRun> run, co_await IndexRun::open(log_, id_, number, number));
  auto place = std::find_if(runs_.begin(), runs_.end(), [&](const RunPointer& r) { return r->first() > number; });
  ++generation_;
  runs_.insert(place, std::move(run));
  memory_.erase(number);
  co_return Status{};
}

// Between two entries: lets others go first, and cuts a part that is full.
Task<Status> LogIndex::pause(IndexPartWriter& writer, IndexRunName& name) {
  if (!writer.full()) {
    co_await yield_to_others(executor_);
    co_return Status{};
  }
  Bytes part = writer.finish(false);
  std::string blob = IndexRunName::of(name.first, name.last, name.part);
  CO_TRY_STATUS(co_await log_.put_blob(std::move(blob), std::move(part)));
  ++name.part;
  writer = IndexPartWriter(id_, name);
  co_return Status{};
}

Task<Status> LogIndex::finish_run(IndexPartWriter& writer, IndexRunName name) {
  Bytes part = writer.finish(true);
  std::string blob = IndexRunName::of(name.first, name.last, name.part);
  co_return co_await log_.put_blob(std::move(blob), std::move(part));
}

Task<Status> LogIndex::write_memory(SegmentNumber segment) {
  IndexRunName name{segment, segment, 0};
  IndexPartWriter writer(id_, name);
  std::vector<IndexKey> keys = memory_.keys(segment);
  for (IndexKey key : keys) {
    std::vector<IndexEntry> entries = memory_.of_partition(segment, key);
    for (const IndexEntry& entry : entries) {
      if (pause_due(writer)) CO_TRY_STATUS(co_await pause(writer, name));
      writer.add(entry);
    }
  }
  co_return co_await finish_run(writer, name);
}

// Neighbours of the same width, as many as make a merge.
std::vector<LogIndex::RunPointer> LogIndex::row_to_merge() const {
  for (size_t i = 0; i + kIndexMergeFanIn <= runs_.size(); ++i) {
    SegmentNumber span = runs_[i]->last() - runs_[i]->first() + 1;
    std::vector<RunPointer> row;
    for (size_t j = i; j < i + kIndexMergeFanIn; ++j) {
      bool same = runs_[j]->last() - runs_[j]->first() + 1 == span;
      bool adjoins = j == i || runs_[j]->first() == runs_[j - 1]->last() + 1;
      if (!same || !adjoins) break;
      row.push_back(runs_[j]);
    }
    if (row.size() == kIndexMergeFanIn) return row;
  }
  return {};
}

Task<Status> LogIndex::merge(std::stop_token stop) {
  for (;;) {
    std::vector<RunPointer> row = row_to_merge();
    if (row.empty()) co_return Status{};
    CO_TRY_STATUS(co_await merge_row(row, stop));
  }
}

Task<Status> LogIndex::merge_row(std::vector<RunPointer> row, std::stop_token stop) {
  SegmentNumber first = row.front()->first();
  SegmentNumber last = row.back()->last();
  CO_TRY_STATUS(co_await write_run(first, last, row, stop));
  CO_TRY(std::unique_ptr<IndexRun> merged, co_await IndexRun::open(log_, id_, first, last));
  RunPointer whole = std::move(merged);
  auto begin = std::search(runs_.begin(), runs_.end(), row.begin(), row.end());
  if (begin == runs_.end())
    co_return co_await remove_blobs(whole);  // retention or damage has taken a part of the row meanwhile
  ++generation_;
  *begin = std::move(whole);
  runs_.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(row.size()));
  for (RunPointer& old : row) CO_TRY_STATUS(co_await remove_blobs(old));
  co_return Status{};
}

Task<Status> LogIndex::write_run(SegmentNumber first, SegmentNumber last, std::vector<RunPointer> from,
                                 std::stop_token stop) {
  std::vector<IndexRunCursor> cursors;
  for (RunPointer& run : from) cursors.emplace_back(*run);
  IndexRunName name{first, last, 0};
  IndexPartWriter writer(id_, name);
  for (;;) {
    IndexRunCursor* least = nullptr;
    for (IndexRunCursor& cursor : cursors) {
      if (!cursor.loaded()) {
        Result<bool> more = co_await cursor.load();
        if (!more && more.error().code == ErrorCode::corrupt)
          damaged_.push_back({cursor.run().first(), cursor.run().last()});
        if (!more) co_return fail(more.error());
        if (!*more) continue;
      }
      if (least == nullptr || before(cursor.current(), least->current())) least = &cursor;
    }
    if (least == nullptr) break;
    if (pause_due(writer)) {
      CO_TRY_STATUS(co_await pause(writer, name));
      if (stop.stop_requested()) co_return fail(ErrorCode::cancelled, "the stream is being closed");
    }
    writer.add(least->current());
    least->advance();
  }
  co_return co_await finish_run(writer, name);
}

Task<Status> LogIndex::remove_blobs(RunPointer run) {
  std::erase_if(cache_, [&](const CachedBlock& cached) { return cached.run == run.get(); });
  for (uint32_t part = 0; part < run->parts(); ++part) {
    CO_TRY_STATUS(co_await log_.remove_blob(IndexRunName::of(run->first(), run->last(), part)));
  }
  co_return Status{};
}

Task<Result<LogIndex::Block>> LogIndex::block(RunPointer run, size_t index) {
  for (const CachedBlock& cached : cache_) {
    if (cached.run == run.get() && cached.block == index) co_return cached.entries;
  }
  auto entries = co_await run->read_block(index);
  if (!entries) {
    bool still_used = std::find(runs_.begin(), runs_.end(), run) != runs_.end();
    if (still_used) damaged_.push_back({run->first(), run->last()});
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

Task<Result<LogIndex::Probe>> LogIndex::probe(RunPointer run, IndexKey key, Offset from, size_t bytes_max,
                                              size_t entries_max) {
  Probe result;
  size_t bytes = 0;
  for (size_t i = run->seek_block(key, from); i < run->blocks(); ++i) {
    CO_TRY(Block entries, co_await block(run, i));
    for (const IndexEntry& entry : *entries) {
      if (entry.key < key) continue;
      if (entry.key > key) co_return result;
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
  for (const RunPointer& run : runs_) all.push_back({run->first(), run});
  for (SegmentNumber segment : memory_.segments()) all.push_back({segment, nullptr});
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.first < b.first; });
  return all;
}

Task<Result<LogIndex::Probe>> LogIndex::probe_source(Source source, IndexKey key, Offset from, size_t bytes_max,
                                                     size_t entries_max) {
  if (source.run) co_return co_await probe(source.run, key, from, bytes_max, entries_max);
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
      if (entry.max_timestamp >= time) co_return entry;
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
  for (RunPointer run : std::vector<RunPointer>(runs_)) {
    if (segment < run->first() || segment > run->last()) continue;
    IndexRunCursor cursor(*run);
    for (;;) {
      CO_TRY(bool more, co_await cursor.load());
      if (!more) break;
      const IndexEntry& entry = cursor.current();
      if (entry.segment == segment) ends[entry.key] = entry.end_offset();
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
  while (!runs_.empty() && runs_.front()->last() < first) {
    RunPointer run = runs_.front();
    runs_.erase(runs_.begin());
    CO_TRY_STATUS(co_await remove_blobs(run));
  }
  co_return Status{};
}

Task<std::vector<SegmentNumber>> LogIndex::discard_run(SegmentNumber first, SegmentNumber last) {
  std::vector<SegmentNumber> segments;
  auto found = std::find_if(runs_.begin(), runs_.end(),
                            [&](const RunPointer& r) { return r->first() == first && r->last() == last; });
  if (found == runs_.end()) co_return segments;
  RunPointer run = *found;
  ++generation_;
  runs_.erase(found);
  Status removed = co_await remove_blobs(run);
  if (!removed) logger.warn("a damaged index could not be removed", {{"why", removed.error().message}});
  for (SegmentNumber s = std::max(first, first_segment_); s <= last; ++s) segments.push_back(s);
  co_return segments;
}

}  // namespace distributary
