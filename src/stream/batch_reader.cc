#include "stream/batch_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "model/entry.h"
#include "model/transaction_payload.h"

namespace distributary {
namespace {

constexpr size_t kEntriesPerFetch = 4096;

// What a partition shows of an entry: its record batch as stored, or the control batch that stands for the end of a
// transaction. Empty when the end has no marker there: it is not what the index promised.
Bytes batch_of(const TopicUuid& topic, const IndexEntry& place, const Bytes& entry) {
  uint32_t length = load_le<uint32_t>(entry.data() + kEntryLocalHeaderBytes + 28);
  ContentView content(entry.view().subspan(kEntryLocalHeaderBytes, kEntryContentHeaderBytes + length));
  if (content.type() != EntryType::transaction_ended) {
    ByteView batch = content.batch();
    return entry.slice(static_cast<size_t>(batch.data() - entry.data()), batch.size());
  }
  auto ended = TransactionEnded::decode(content.payload());
  const TransactionEnded::Marker* marker = ended ? ended->marker({topic, partition_of(place.key)}) : nullptr;
  if (marker == nullptr || marker->offset != place.base_offset) return {};
  return Bytes(control_batch_of(*ended, *marker, content.appended()));
}

// Offsets are dense, but for holes that the index itself has (IndexEntry::hole): others are damage that was stepped
// over when a segment was indexed anew.
Error missing(const TopicUuid& topic, IndexKey key, Offset from, Offset to) {
  return Error{ErrorCode::corrupt,
               fmt::format("damage: topic {} partition {} offsets {} to {} are missing from the log; "
                           "repair it from a replica",
                           to_string(topic), partition_of(key), from, to - 1)};
}

// Adds the batches of `entries` that follow each other from `next` on; gives where they end. (Not a part of `find`: at
// -O2 g++ 12 loses the vector there.)
Offset take_batches(const std::vector<IndexEntry>& entries, Offset next, std::vector<IndexEntry>& batches) {
  for (const IndexEntry& entry : entries) {
    if (entry.base_offset > next) break;  // the next fetch names what is missing
    next = entry.end_offset();
    if (!entry.hole()) batches.push_back(entry);
  }
  return next;
}

}  // namespace

Status BatchReader::check(const TopicUuid& topic, const IndexEntry& entry, const Bytes& bytes) {
  auto damaged = [&](std::string_view why) {
    return fail(
        ErrorCode::corrupt,
        fmt::format("damage in segment {} at {}: topic {} partition {} offsets {} to {}: {}; repair it from a replica",
                    entry.segment, entry.at, to_string(topic), partition_of(entry.key), entry.base_offset,
                    entry.end_offset() - 1, why));
  };
  if (bytes.size() < kEntryHeaderBytes || bytes.size() != entry.length) return damaged("the segment is too short");
  uint32_t payload = load_le<uint32_t>(bytes.data() + kEntryLocalHeaderBytes + 28);
  if (payload > kEntryPayloadBytesMax || entry_length(payload) != bytes.size()) return damaged("impossible length");
  auto content = ContentView::parse(bytes.view().subspan(kEntryLocalHeaderBytes, kEntryContentHeaderBytes + payload));
  if (!content) return damaged(content.error().message);
  bool promised = content->is_batch() && content->topic() == topic && content->partition() == partition_of(entry.key) &&
                  content->base_offset() == entry.base_offset && content->offset_count() == entry.offsets;
  bool marker = content->type() == EntryType::transaction_ended && !batch_of(topic, entry, bytes).empty();
  if (!promised && !marker) return damaged("another batch is in its place");
  return {};
}

std::vector<BatchReader::Span> BatchReader::plan(const TopicUuid& topic, const std::vector<IndexEntry>& entries,
                                                 std::vector<Bytes>& found) const {
  std::vector<Span> spans;
  for (size_t i = 0; i < entries.size(); ++i) {
    const IndexEntry& entry = entries[i];
    if (auto cached = cache_.get(id_, entry.segment, entry.at, entry.length)) {
      found[i] = batch_of(topic, entry, *cached);
      continue;
    }
    Span* last = spans.empty() ? nullptr : &spans.back();
    bool joins = last != nullptr && last->segment == entry.segment && entry.at >= last->end &&
                 entry.at - last->end <= kReadGapBytes && entry.at + entry.length - last->at <= kReadBytesMax;
    if (!joins) {
      spans.push_back({entry.segment, entry.at, entry.at, {}, Bytes()});
      last = &spans.back();
    }
    last->end = entry.at + entry.length;
    last->entries.push_back(i);
  }
  return spans;
}

Task<void> BatchReader::read_long(Span& span) {
  span.bytes = co_await log_.read(span.segment, span.at, span.end - span.at, ReadPattern::sequential);
}

Task<void> BatchReader::read_short(SegmentNumber segment, std::vector<Span*> spans) {
  std::vector<LogRange> ranges;
  for (const Span* span : spans) ranges.push_back({span->at, span->end - span->at});
  Result<std::vector<Bytes>> found = co_await log_.read_ranges(segment, std::move(ranges));
  for (size_t i = 0; i < spans.size(); ++i) {
    if (found) {
      spans[i]->bytes = std::move((*found)[i]);
    } else {
      spans[i]->bytes = fail(found.error());
    }
  }
}

Task<void> BatchReader::read_spans(std::vector<Span>& spans) {
  TaskScope scope(executor_);
  std::map<SegmentNumber, std::vector<Span*>> short_ones;
  for (Span& span : spans) {
    if (span.end - span.at >= kReadLongBytes) {
      scope.spawn(read_long(span));
    } else {
      short_ones[span.segment].push_back(&span);
    }
  }
  for (auto& [segment, of_segment] : short_ones) scope.spawn(read_short(segment, std::move(of_segment)));
  co_await scope.join();
}

Task<Result<BatchReader::Batches>> BatchReader::read(TopicUuid topic, IndexKey key, Offset from, Offset end,
                                                     size_t bytes_max, bool whole_first) {
  for (;;) {
    uint64_t seen = index_.generation();
    auto batches = co_await read_once(topic, key, from, end, bytes_max, whole_first);
    if (batches || seen == index_.generation()) co_return batches;
    // a segment was rewritten meanwhile: the places looked up before do not hold any more
  }
}

// The batches to read: at least one, unless all up to `end` were dropped by compaction.
Task<Result<std::vector<IndexEntry>>> BatchReader::find(TopicUuid topic, IndexKey key, Offset from, Offset end,
                                                        size_t bytes_max) {
  Result<std::vector<IndexEntry>> batches = std::vector<IndexEntry>();
  Offset next = from;
  size_t wanted = std::max<size_t>(bytes_max, 1);
  while (batches->empty() && next < end) {
    CO_TRY(std::vector<IndexEntry> entries, co_await index_.find(key, next, wanted, kEntriesPerFetch));
    while (!entries.empty() && entries.back().end_offset() > end) entries.pop_back();
    if (entries.empty() || entries.front().base_offset > next) {
      co_return fail(missing(topic, key, next, entries.empty() ? end : entries.front().base_offset));
    }
    next = take_batches(entries, next, *batches);
  }
  co_return batches;
}

Task<Result<BatchReader::Batches>> BatchReader::read_once(TopicUuid topic, IndexKey key, Offset from, Offset end,
                                                          size_t bytes_max, bool whole_first) {
  last_damage_ = {};
  CO_TRY(std::vector<IndexEntry> entries, co_await find(topic, key, from, end, bytes_max));
  size_t total = 0;
  size_t count = 0;
  for (const IndexEntry& entry : entries) {
    if (total + entry.length > bytes_max && (count > 0 || !whole_first)) break;
    total += entry.length;
    ++count;
  }
  entries.resize(count);
  std::vector<Bytes> found(count);
  std::vector<Span> spans = plan(topic, entries, found);
  std::optional<ReadTurns::Turn> turn;  // until what was read is checked
  std::optional<ReadTurns::Turn> node_turn;
  if (!spans.empty()) {
    ReadTurns::Turn taken = co_await turns_.take();
    turn.emplace(std::move(taken));
    if (node_turns_ != nullptr) {
      ReadTurns::Turn of_node = co_await node_turns_->take();
      node_turn.emplace(std::move(of_node));
    }
    co_await read_spans(spans);
  }
  size_t checked = 0;
  for (Span& span : spans) {
    if (!span.bytes) co_return fail(span.bytes.error());
    for (size_t i : span.entries) {
      const IndexEntry& entry = entries[i];
      size_t offset = entry.at - span.at;
      size_t length = std::min<size_t>(entry.length, span.bytes->size() - std::min<size_t>(offset, span.bytes->size()));
      Bytes bytes = length == 0 ? Bytes() : span.bytes->slice(offset, length);
      checked += length;
      if (checked >= kCheckedPerTurn) {
        checked = 0;
        co_await yield_to_others(executor_);
      }
      Status good = check(topic, entry, bytes);
      if (!good) last_damage_ = {entry.segment, entry.at};
      if (!good && i == 0) co_return fail(good.error());
      if (!good) {  // what comes before the damage is served; the next fetch names it
        found.resize(i);
        break;
      }
      if (i < found.size()) found[i] = batch_of(topic, entry, bytes);
    }
  }
  Batches result;
  for (Bytes& batch : found) {
    if (batch.empty()) break;
    result.bytes += batch.size();
    result.batches.push_back(std::move(batch));
  }
  co_return result;
}

Task<Result<Bytes>> BatchReader::read_batch(TopicUuid topic, IndexEntry entry) {
  if (auto cached = cache_.get(id_, entry.segment, entry.at, entry.length)) co_return batch_of(topic, entry, *cached);
  CO_TRY(Bytes bytes, co_await log_.read(entry.segment, entry.at, entry.length, ReadPattern::scattered));
  last_damage_ = {entry.segment, entry.at};
  CO_TRY_STATUS(check(topic, entry, bytes));
  co_return batch_of(topic, entry, bytes);
}

}  // namespace distributary
