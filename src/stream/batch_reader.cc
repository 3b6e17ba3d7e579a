#include "stream/batch_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
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

// Whether it is the batch that the index speaks of; by its header.
bool promised(const TopicUuid& topic, const IndexEntry& entry, const ContentView& content) {
  return content.is_batch() && content.topic() == topic && content.partition() == partition_of(entry.key) &&
         content.base_offset() == entry.base_offset && content.offset_count() == entry.offsets;
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
  bool marker = content->type() == EntryType::transaction_ended && !batch_of(topic, entry, bytes).empty();
  if (!promised(topic, entry, *content) && !marker) return damaged("another batch is in its place");
  return {};
}

// `bytes` is the whole entry, checked, and if `in_file`, in a buffer that is soon used again.
void BatchReader::keep(Wanted& wanted, size_t entry, const Bytes& bytes, const Span* in_file) {
  Bytes batch = batch_of(wanted.topic, wanted.entries[entry], bytes);
  const auto place = in_file == nullptr ? 0 : reinterpret_cast<uintptr_t>(batch.data());
  const auto begin = in_file == nullptr ? 0 : reinterpret_cast<uintptr_t>(in_file->bytes->data());
  if (in_file != nullptr && place >= begin && place < begin + in_file->bytes->size()) {
    wanted.found[entry] = Piece(in_file->file, in_file->at + (place - begin), batch.size());
  } else {  // a control batch has memory of its own
    wanted.found[entry] = std::move(batch);
  }
}

std::vector<BatchReader::Span> BatchReader::plan(Wanted& wanted) const {
  std::vector<Span> spans;
  for (size_t i = 0; i < wanted.entries.size(); ++i) {
    const IndexEntry& entry = wanted.entries[i];
    if (auto cached = cache_.get(id_, entry.segment, entry.at, entry.length)) {
      keep(wanted, i, *cached, nullptr);
      continue;
    }
    Span* last = spans.empty() ? nullptr : &spans.back();
    bool joins = last != nullptr && last->segment == entry.segment && entry.at >= last->end &&
                 entry.at - last->end <= kReadGapBytes && entry.at + entry.length - last->at <= kReadBytesMax;
    if (!joins) {
      spans.push_back({entry.segment, entry.at, entry.at, {}, false, nullptr, 0, Bytes()});
      last = &spans.back();
    }
    last->end = entry.at + entry.length;
    last->entries.push_back(i);
  }
  return spans;
}

// Whether a span may be sent from its file: its batches are large enough, and durable, for what is not could be cut
// off.
bool BatchReader::may_stay(const Wanted& wanted, const Span& span) const {
  const bool durable =
      span.segment < durable_segment_ || (span.segment == durable_segment_ && span.end <= durable_end_);
  if (!wanted.files || !durable || span.end - span.at > ReadTurns::kBufferBytes) return false;
  auto large = [&](size_t i) { return wanted.entries[i].length >= options_.send_from_file_bytes + kEntryHeaderBytes; };
  return std::ranges::all_of(span.entries, large);
}

// What is not in memory is read as ever: several at once, and past the page cache where that is better.
Task<Status> BatchReader::choose_files(const Wanted& wanted, std::vector<Span>& spans) {
  for (Span& span : spans) {
    if (!may_stay(wanted, span)) continue;
    CO_TRY(span.file, co_await log_.segment_file(span.segment));
    span.from_file = span.file != nullptr && span.file->in_memory(span.at, span.end - span.at);
  }
  co_return Status{};
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
    if (span.from_file) continue;
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
                                                     size_t bytes_max, bool whole_first, bool files) {
  for (;;) {
    uint64_t seen = index_.generation();
    auto batches = co_await read_once(topic, key, from, end, bytes_max, whole_first, files);
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

bool BatchReader::was_checked(const Wanted& wanted, const Span& span) const {
  auto covered = [&](size_t i) {
    const IndexEntry& entry = wanted.entries[i];
    return checked_.covers(entry.segment, span.file->device_stamp(), entry.at, entry.at + entry.length);
  };
  return wanted.generation == index_.generation() && std::ranges::all_of(span.entries, covered);
}

// Unless the places are those of a segment that was rewritten meanwhile, or the device was read meanwhile.
void BatchReader::remember(const Wanted& wanted, const Span& span, const IndexEntry& entry) {
  if (wanted.generation != index_.generation() || span.stamp != span.file->device_stamp()) return;
  checked_.checked(entry.segment, span.stamp, entry.at, entry.at + entry.length);
}

// Takes the batches of a span that was checked before, by their headers. False: one is not what the index promised, or
// no plain record batch.
Task<bool> BatchReader::take_unread(Wanted& wanted, Span& span) {
  std::array<uint8_t, kEntryHeaderBytes> header;
  for (size_t i : span.entries) {
    const IndexEntry& entry = wanted.entries[i];
    Result<size_t> got = co_await span.file->read(entry.at, header);
    if (!got || *got < header.size()) co_return false;
    ContentView content(ByteView(header).subspan(kEntryLocalHeaderBytes));
    const size_t payload = content.payload_length();
    if (content.type() != EntryType::record_batch || !promised(wanted.topic, entry, content)) co_return false;
    if (payload > kEntryPayloadBytesMax || entry_length(payload) != entry.length) co_return false;
    wanted.found[i] = Piece(span.file, entry.at + kEntryHeaderBytes, payload);
  }
  co_return true;
}

// Into `buffer`, for its check.
Task<Status> BatchReader::load(Span& span, MutableBytes buffer) {
  MutableBytes into = buffer.first(span.end - span.at);
  span.stamp = span.file->device_stamp();
  CO_TRY(size_t got, co_await span.file->read(span.at, into));
  span.bytes = Bytes(nullptr, into.first(got));
  co_return Status{};
}

// True: it was checked before, and has its pieces. False: its bytes are there to be checked.
Task<Result<bool>> BatchReader::take_from_file(Wanted& wanted, Span& span, ReadTurns::Turn& turn) {
  if (was_checked(wanted, span)) {
    bool taken = co_await take_unread(wanted, span);
    if (taken) co_return true;
  }
  CO_TRY_STATUS(co_await load(span, turn.buffer()));
  co_return false;
}

// In order, until there is damage: what comes before it is served, and the next fetch names it.
Task<Status> BatchReader::check_spans(Wanted& wanted, std::vector<Span>& spans, ReadTurns::Turn& turn) {
  size_t checked = 0;
  for (Span& span : spans) {
    if (span.from_file) {
      CO_TRY(bool taken, co_await take_from_file(wanted, span, turn));
      if (taken) co_await yield_to_others(executor_);
      if (taken) continue;
    }
    if (!span.bytes) co_return fail(span.bytes.error());
    for (size_t i : span.entries) {
      const IndexEntry& entry = wanted.entries[i];
      size_t offset = entry.at - span.at;
      size_t length = std::min<size_t>(entry.length, span.bytes->size() - std::min<size_t>(offset, span.bytes->size()));
      Bytes bytes = length == 0 ? Bytes() : span.bytes->slice(offset, length);
      checked += length;
      if (checked >= kCheckedPerTurn) {
        checked = 0;
        co_await yield_to_others(executor_);
      }
      Status good = check(wanted.topic, entry, bytes);
      if (!good) last_damage_ = {entry.segment, entry.at};
      if (!good && i == 0) co_return fail(good.error());
      if (!good) {
        wanted.found.resize(i);
        co_return Status{};
      }
      keep(wanted, i, bytes, span.from_file ? &span : nullptr);
      if (span.from_file) remember(wanted, span, entry);
    }
  }
  co_return Status{};
}

Task<Result<BatchReader::Batches>> BatchReader::read_once(TopicUuid topic, IndexKey key, Offset from, Offset end,
                                                          size_t bytes_max, bool whole_first, bool files) {
  last_damage_ = {};
  Wanted wanted;
  wanted.topic = topic;
  wanted.files = files;
  wanted.generation = index_.generation();
  CO_TRY(wanted.entries, co_await find(topic, key, from, end, bytes_max));
  size_t total = 0;
  size_t count = 0;
  for (const IndexEntry& entry : wanted.entries) {
    if (total + entry.length > bytes_max && (count > 0 || !whole_first)) break;
    total += entry.length;
    ++count;
  }
  wanted.entries.resize(count);
  wanted.found.resize(count);
  std::vector<Span> spans = plan(wanted);
  if (!spans.empty()) {  // turns until what was read is checked
    ReadTurns::Turn turn = co_await turns_.take();
    std::optional<ReadTurns::Turn> node_turn;
    if (node_turns_ != nullptr) {
      ReadTurns::Turn of_node = co_await node_turns_->take();
      node_turn.emplace(std::move(of_node));
    }
    Status chosen = co_await choose_files(wanted, spans);
    CO_TRY_STATUS(chosen);
    co_await read_spans(spans);
    Status checked = co_await check_spans(wanted, spans, node_turn ? *node_turn : turn);
    CO_TRY_STATUS(checked);
  }
  Batches result;
  result.next = from;
  for (size_t i = 0; i < wanted.found.size() && !wanted.found[i].empty(); ++i) {
    result.bytes += wanted.found[i].size();
    result.next = wanted.entries[i].end_offset();
    result.batches.push_back(std::move(wanted.found[i]));
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
