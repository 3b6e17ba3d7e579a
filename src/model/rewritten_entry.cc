#include "model/rewritten_entry.h"

#include <algorithm>
#include <map>

#include "model/payload_coding.h"
#include "model/transaction_payload.h"

namespace distributary {
using namespace payload_coding;

namespace {

constexpr uint8_t kTrimmed = 1;
constexpr uint8_t kCommitted = 1;
constexpr uint8_t kByServer = 2;
constexpr size_t kTransactionBytesMin = 9;
constexpr size_t kNoteBytesMin = 4;
constexpr size_t kGroupBytesMin = 2;

int16_t get_skipped_epoch(Decoder& in) {
  const int64_t epoch = in.zigzag();
  if (epoch < 0 || epoch > INT16_MAX) in.fail();
  return static_cast<int16_t>(epoch);
}

void put_transaction(Encoder& out, const SkippedTransaction& item) {
  out.varint(item.at);
  out.zigzag(item.producer_id);
  out.zigzag(item.epoch);
  out.zigzag(item.ended_epoch);
  out.u8(static_cast<uint8_t>((item.committed ? kCommitted : 0) | (item.by_server ? kByServer : 0)));
  out.varint(item.timeout_ms);
  out.zigzag(item.started);
  out.zigzag(item.updated);
  out.text(item.transactional_id);
}

SkippedTransaction get_transaction(Decoder& in) {
  SkippedTransaction item;
  item.at = in.varint();
  item.producer_id = in.zigzag();
  item.epoch = get_skipped_epoch(in);
  item.ended_epoch = get_skipped_epoch(in);
  const uint8_t flags = in.u8();
  item.committed = (flags & kCommitted) != 0;
  item.by_server = (flags & kByServer) != 0;
  const uint64_t timeout = in.varint();
  item.timeout_ms = static_cast<uint32_t>(timeout);
  item.started = in.zigzag();
  item.updated = in.zigzag();
  item.transactional_id = get_text(in, kTransactionalIdBytesMax);
  const bool known_flags = (flags & ~(kCommitted | kByServer)) == 0;
  if (item.producer_id < 0 || !known_flags || timeout > UINT32_MAX || item.epoch < item.ended_epoch) in.fail();
  return item;
}

void put_note(Encoder& out, const SkippedNote& note) {
  out.varint(note.at);
  out.u8(static_cast<uint8_t>(note.type));
  out.zigzag(note.appended);
  out.bytes(note.payload);
}

SkippedNote get_note(Decoder& in) {
  SkippedNote note;
  note.at = in.varint();
  note.type = static_cast<EntryType>(in.u8());
  note.appended = in.zigzag();
  const ByteView payload = in.bytes();
  note.payload.assign(payload.begin(), payload.end());
  if (note.type < EntryType::transaction_extended || note.type > EntryType::transaction_ended) in.fail();
  return note;
}

void put_group(Encoder& out, const SkippedGroup& group) {
  out.text(group.group);
  out.varint(group.cursors.size());
  for (const SkippedCursor& cursor : group.cursors) {
    out.varint(cursor.at);
    out.zigzag(cursor.committed);
    put_cursor(out, cursor.commit);
  }
}

SkippedGroup get_group(Decoder& in, size_t cursors_max) {
  SkippedGroup group;
  group.group = get_text(in, kGroupIdBytesMax);
  for (size_t n = get_count(in, kCursorBytesMin + 2, cursors_max); n > 0 && in.ok(); --n) {
    SkippedCursor cursor;
    cursor.at = in.varint();
    cursor.committed = in.zigzag();
    cursor.commit = get_cursor(in);
    group.cursors.push_back(std::move(cursor));
  }
  return group;
}

// What transactions and cursors did; it is left out where nothing did.
void put_settled(Encoder& out, const Skipped& skipped) {
  if (skipped.transactions.empty() && skipped.notes.empty() && skipped.groups.empty()) return;
  out.varint(skipped.transactions.size());
  for (const SkippedTransaction& item : skipped.transactions) put_transaction(out, item);
  out.varint(skipped.notes.size());
  for (const SkippedNote& note : skipped.notes) put_note(out, note);
  out.varint(skipped.groups.size());
  for (const SkippedGroup& group : skipped.groups) put_group(out, group);
}

// Whether places in a range ascend and are in it.
template <class Items>
bool in_order(const Items& items, uint64_t count) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].at >= count || (i > 0 && items[i].at <= items[i - 1].at)) return false;
  }
  return true;
}

void get_settled(Decoder& in, Skipped& skipped) {
  if (!in.ok() || in.remaining() == 0) return;
  for (size_t n = get_count(in, kTransactionBytesMin, kSkippedTransactionsMax); n > 0 && in.ok(); --n)
    skipped.transactions.push_back(get_transaction(in));
  for (size_t n = get_count(in, kNoteBytesMin, kSkippedNotesMax); n > 0 && in.ok(); --n)
    skipped.notes.push_back(get_note(in));
  size_t left = kSkippedCursorsMax;
  for (size_t n = get_count(in, kGroupBytesMin, kSkippedGroupsMax); n > 0 && in.ok(); --n) {
    skipped.groups.push_back(get_group(in, left));
    left -= skipped.groups.back().cursors.size();
    const std::vector<SkippedCursor>& cursors = skipped.groups.back().cursors;
    const bool within = std::ranges::all_of(cursors, [&](const auto& cursor) { return cursor.at < skipped.count; });
    if (!within) in.fail();
  }
  if (!in_order(skipped.transactions, skipped.count) || !in_order(skipped.notes, skipped.count)) in.fail();
}

}  // namespace

std::vector<SkippedStep> Skipped::steps() const {
  std::vector<SkippedStep> all;
  for (const SkippedTransaction& item : transactions) all.push_back({.at = item.at, .transaction = &item});
  for (const SkippedNote& note : notes) all.push_back({.at = note.at, .note = &note});
  for (const SkippedGroup& group : groups) {
    for (const SkippedCursor& cursor : group.cursors)
      all.push_back({.at = cursor.at, .cursor = &cursor, .group = &group.group});
  }
  std::ranges::stable_sort(all, {}, &SkippedStep::at);
  return all;
}

std::vector<uint8_t> Skipped::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u64(chain_after.low);
  out.u64(chain_after.high);
  out.u64(count);
  out.u64(history_bytes);
  out.u64(history_records);
  out.varint(partitions.size());
  std::map<TopicPartition, size_t> places;
  for (const SkippedPartition& item : partitions) {
    places.emplace(item.partition, places.size());
    out.raw(item.partition.topic.view());
    out.varint(item.partition.partition);
    out.varint(static_cast<uint64_t>(item.first));
    out.varint(static_cast<uint64_t>(item.next - item.first));
    out.u8(item.trimmed ? kTrimmed : 0);
  }
  out.varint(batches.size());
  for (const SkippedBatch& batch : batches) {
    out.varint(places.at(batch.partition));
    out.zigzag(batch.producer_id);
    out.zigzag(batch.producer_epoch);
    out.zigzag(batch.first_sequence);
    out.zigzag(batch.last_sequence);
    out.varint(static_cast<uint64_t>(batch.base_offset));
    out.zigzag(batch.appended);
  }
  put_settled(out, *this);
  return bytes;
}

Result<Skipped> Skipped::decode(ByteView payload) {
  Decoder in(payload);
  Skipped skipped;
  skipped.chain_after.low = in.u64();
  skipped.chain_after.high = in.u64();
  skipped.count = in.u64();
  skipped.history_bytes = in.u64();
  skipped.history_records = in.u64();
  uint64_t partitions = in.varint();
  if (partitions > kSkippedPartitionsMax || skipped.count == 0 || skipped.count > kSkippedLsnsMax) in.fail();
  for (uint64_t i = 0; i < partitions && in.ok(); ++i) {
    SkippedPartition item;
    item.partition.topic = get_uuid(in);
    item.partition.partition = static_cast<PartitionIndex>(in.varint());
    item.first = static_cast<Offset>(in.varint());
    uint64_t offsets = in.varint();
    uint8_t flags = in.u8();
    bool fits = item.first >= 0 && offsets > 0 && offsets <= static_cast<uint64_t>(INT64_MAX - item.first);
    if (!fits || flags > kTrimmed) in.fail();
    if (!in.ok()) break;
    item.next = item.first + static_cast<Offset>(offsets);
    item.trimmed = flags == kTrimmed;
    skipped.partitions.push_back(item);
  }
  uint64_t batches = in.varint();
  if (batches > kSkippedBatchesMax) in.fail();
  for (uint64_t i = 0; i < batches && in.ok(); ++i) {
    SkippedBatch batch;
    uint64_t place = in.varint();
    if (place >= skipped.partitions.size()) in.fail();
    if (!in.ok()) break;
    batch.partition = skipped.partitions[place].partition;
    batch.producer_id = in.zigzag();
    batch.producer_epoch = static_cast<int16_t>(in.zigzag());
    batch.first_sequence = static_cast<int32_t>(in.zigzag());
    batch.last_sequence = static_cast<int32_t>(in.zigzag());
    batch.base_offset = static_cast<Offset>(in.varint());
    batch.appended = in.zigzag();
    if (batch.producer_id < 0) in.fail();
    skipped.batches.push_back(batch);
  }
  get_settled(in, skipped);
  if (!in.done()) return fail(malformed("skipped"));
  return skipped;
}

std::vector<uint8_t> encode_compacted(uint32_t original_checksum, uint32_t original_bytes, ByteView batch) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u32(original_checksum);
  out.u32(original_bytes);
  out.raw(batch);
  return bytes;
}

}  // namespace distributary
