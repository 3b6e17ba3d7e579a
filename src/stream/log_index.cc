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
  std::erase_if(memory_, [&](const auto& item) { return covered.contains(item.first) || item.first < first; });
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

void LogIndex::add(const IndexEntry& entry) {
  MemorySegment& segment = memory_[entry.segment];
  segment.partitions[entry.key].push_back(
      {entry.base_offset, entry.max_timestamp, entry.at, entry.offsets, entry.length});
  segment.order.push_back(entry.key);
}

std::vector<SegmentNumber> LogIndex::memory_segments() const {
  std::vector<SegmentNumber> segments;
  for (const auto& [number, segment] : memory_) segments.push_back(number);
  return segments;
}

std::vector<IndexEntry> LogIndex::memory_entries(SegmentNumber number, size_t begin) const {
  std::vector<IndexEntry> entries;
  auto found = memory_.find(number);
  if (found == memory_.end()) return entries;
  boost::unordered_flat_map<IndexKey, size_t> next;  // how many of each partition have gone by
  const MemorySegment& segment = found->second;
  for (size_t i = 0; i < segment.order.size(); ++i) {
    IndexKey key = segment.order[i];
    size_t nth = next[key]++;
    if (i < begin) continue;
    const MemoryEntry& entry = segment.partitions.find(key)->second[nth];
    entries.push_back({key, entry.base_offset, entry.offsets, entry.length, number, entry.at, entry.max_timestamp});
  }
  return entries;
}

Task<Status> LogIndex::seal(SegmentNumber number) {
  std::vector<IndexEntry> entries = memory_entries(number, 0);
  std::sort(entries.begin(), entries.end(), before);
  CO_TRY_STATUS(co_await write_sorted(number, std::move(entries)));
  CO_TRY(std::unique_ptr<IndexRun> run, co_await IndexRun::open(log_, id_, number, number));
  auto place = std::find_if(runs_.begin(), runs_.end(), [&](const RunPointer& r) { return r->first() > number; });
  runs_.insert(place, std::move(run));
  memory_.erase(number);
  ++generation_;
  co_return Status{};
}

Task<Status> LogIndex::write_sorted(SegmentNumber segment, std::vector<IndexEntry> entries) {
  IndexRunName name{segment, segment, 0};
  IndexPartWriter writer(id_, name);
  for (const IndexEntry& entry : entries) {
    if (writer.full()) {
      Bytes part = writer.finish(false);
      CO_TRY_STATUS(co_await log_.put_blob(IndexRunName::of(name.first, name.last, name.part), part));
      ++name.part;
      writer = IndexPartWriter(id_, name);
    }
    writer.add(entry);
  }
  Bytes part = writer.finish(true);
  co_return co_await log_.put_blob(IndexRunName::of(name.first, name.last, name.part), part);
}

Task<Status> LogIndex::merge() {
  for (size_t i = 0; i + kIndexMergeFanIn <= runs_.size(); ++i) {
    SegmentNumber span = runs_[i]->last() - runs_[i]->first() + 1;
    std::vector<RunPointer> row;
    for (size_t j = i; j < i + kIndexMergeFanIn; ++j) {
      bool same = runs_[j]->last() - runs_[j]->first() + 1 == span;
      bool adjoins = j == i || runs_[j]->first() == runs_[j - 1]->last() + 1;
      if (!same || !adjoins) break;
      row.push_back(runs_[j]);
    }
    if (row.size() < kIndexMergeFanIn) continue;
    SegmentNumber first = row.front()->first();
    SegmentNumber last = row.back()->last();
    CO_TRY_STATUS(co_await write_run(first, last, row));
    CO_TRY(std::unique_ptr<IndexRun> merged, co_await IndexRun::open(log_, id_, first, last));
    auto begin = std::find(runs_.begin(), runs_.end(), row.front());
    if (begin == runs_.end()) co_return Status{};  // dropped by retention meanwhile
    auto end = begin + static_cast<std::ptrdiff_t>(row.size());
    ++generation_;
    *begin = std::move(merged);
    runs_.erase(begin + 1, end);
    for (RunPointer& old : row) CO_TRY_STATUS(co_await remove_blobs(old));
    i = static_cast<size_t>(-1);  // look again from the start: the merged run may complete a wider row
  }
  co_return Status{};
}

Task<Status> LogIndex::write_run(SegmentNumber first, SegmentNumber last, std::vector<RunPointer> from) {
  std::vector<IndexRunCursor> cursors;
  for (RunPointer& run : from) cursors.emplace_back(*run);
  IndexRunName name{first, last, 0};
  IndexPartWriter writer(id_, name);
  for (;;) {
    IndexRunCursor* least = nullptr;
    for (IndexRunCursor& cursor : cursors) {
      if (!cursor.loaded()) {
        CO_TRY(bool more, co_await cursor.load());
        if (!more) continue;
      }
      if (least == nullptr || before(cursor.current(), least->current())) least = &cursor;
    }
    if (least == nullptr) break;
    if (writer.full()) {
      Bytes part = writer.finish(false);
      CO_TRY_STATUS(co_await log_.put_blob(IndexRunName::of(first, last, name.part), part));
      ++name.part;
      writer = IndexPartWriter(id_, name);
    }
    writer.add(least->current());
    least->advance();
  }
  Bytes part = writer.finish(true);
  co_return co_await log_.put_blob(IndexRunName::of(first, last, name.part), part);
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

LogIndex::Probe LogIndex::probe_memory(SegmentNumber number, IndexKey key, Offset from, size_t bytes_max,
                                       size_t entries_max) const {
  Probe result;
  const MemorySegment& segment = memory_.find(number)->second;
  auto found = segment.partitions.find(key);
  if (found == segment.partitions.end()) return result;
  const std::vector<MemoryEntry>& entries = found->second;
  auto first = std::partition_point(entries.begin(), entries.end(),
                                    [&](const MemoryEntry& e) { return e.base_offset + e.offsets <= from; });
  result.passed = first != entries.begin();
  size_t bytes = 0;
  for (; first != entries.end(); ++first) {
    IndexEntry entry{key, first->base_offset, first->offsets, first->length, number, first->at, first->max_timestamp};
    if (!take(result.entries, entry, bytes, bytes_max, entries_max)) break;
  }
  return result;
}

std::vector<LogIndex::Source> LogIndex::sources() const {
  std::vector<Source> all;
  for (const RunPointer& run : runs_) all.push_back({run->first(), run});
  for (const auto& [segment, memory] : memory_) all.push_back({segment, nullptr});
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.first < b.first; });
  return all;
}

Task<Result<LogIndex::Probe>> LogIndex::probe_source(Source source, IndexKey key, Offset from, size_t bytes_max,
                                                     size_t entries_max) {
  if (source.run) co_return co_await probe(source.run, key, from, bytes_max, entries_max);
  if (!memory_.contains(source.first)) co_return Probe{};  // sealed meanwhile: the lookup begins anew
  co_return probe_memory(source.first, key, from, bytes_max, entries_max);
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
  // Newest first, until a source shows that what is wanted is not in an older one.
  const std::vector<Source> sources = this->sources();
  size_t start = sources.size();
  Probe first;
  for (size_t i = sources.size(); i-- > 0;) {
    CO_TRY(Probe found, co_await probe_source(sources[i], key, from, bytes_max, entries_max));
    if (!found.entries.empty()) {
      start = i;
      first = std::move(found);
      if (first.entries.front().base_offset <= from || first.passed) break;
    } else if (found.passed) {
      break;
    }
  }
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
  auto in_memory = memory_.find(segment);
  if (in_memory == memory_.end()) co_return ends;
  for (const auto& [key, entries] : in_memory->second.partitions)
    ends[key] = entries.back().base_offset + entries.back().offsets;
  co_return ends;
}

Task<Status> LogIndex::drop_before(SegmentNumber first) {
  first_segment_ = first;
  ++generation_;
  memory_.erase(memory_.begin(), memory_.lower_bound(first));
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
