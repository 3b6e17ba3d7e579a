#include "stream/skipped_range.h"

#include <algorithm>

#include "model/record_batch.h"
#include "model/transaction_payload.h"

namespace distributary {
namespace {

const PartitionState* partition_in(const StreamState& state, const TopicPartition& partition) {
  const Topic* topic = state.topic(partition.topic);
  const bool there = topic != nullptr && partition.partition < topic->partitions.size();
  return there ? &topic->partitions[partition.partition] : nullptr;
}

bool is_trimmed(const StreamState& state, const TopicPartition& partition, Offset offset) {
  const PartitionState* at = partition_in(state, partition);
  return at == nullptr || offset < at->log_start;
}

bool is_droppable_end(const StreamState& state, const TransactionEnded& ended) {
  return std::ranges::all_of(ended.markers, [&](const TransactionEnded::Marker& marker) {
    if (is_trimmed(state, marker.partition, marker.offset)) return true;
    // What is not durable may be lost, and this be the last then.
    return ended.committed && marker.offset + 1 < partition_in(state, marker.partition)->high_watermark;
  });
}

// One dropped batch as a range of its own.
Skipped skipped_batch(const ContentView& content, bool trimmed) {
  Skipped one;
  TopicPartition partition{content.topic(), content.partition()};
  one.partitions.push_back({partition, content.base_offset(), content.end_offset(), trimmed});
  auto batch = RecordBatchView::parse(content.batch());
  if (batch && batch->has_producer_id() && batch->base_sequence() >= 0) {
    one.batches.push_back({partition, batch->producer_id(), batch->producer_epoch(), batch->base_sequence(),
                           batch->last_sequence(), content.base_offset(), content.appended()});
  }
  return one;
}

Result<Skipped> skipped_cursors(const ContentView& content) {
  TRY(CursorsCommitted committed, CursorsCommitted::decode(content.payload()));
  Skipped one;
  one.groups.push_back({std::move(committed.group), {}});
  for (CursorCommit& commit : committed.cursors)
    one.groups[0].cursors.push_back({0, content.appended(), std::move(commit)});
  return one;
}

Result<Skipped> skipped_note(const ContentView& content, const StreamState& state) {
  Skipped one;
  const ByteView payload = content.payload();
  one.notes.push_back({0, content.type(), content.appended(), {payload.begin(), payload.end()}});
  if (content.type() != EntryType::transaction_ended) return one;
  TRY(TransactionEnded ended, TransactionEnded::decode(payload));
  for (const TransactionEnded::Marker& marker : ended.markers) {
    const bool trimmed = is_trimmed(state, marker.partition, marker.offset);
    one.partitions.push_back({marker.partition, marker.offset, marker.offset + 1, trimmed});
  }
  return one;
}

// A range that was dropped before. What the log start has passed since then goes together with what was below it.
Result<Skipped> skipped_again(const ContentView& content, const StreamState& state) {
  TRY(Skipped range, Skipped::decode(content.payload()));
  for (SkippedPartition& item : range.partitions)
    item.trimmed = item.trimmed || is_trimmed(state, item.partition, item.next - 1);
  return range;
}

Result<Skipped> skipped_entry(const ContentView& content, const StreamState& state, bool trimmed) {
  if (content.type() == EntryType::skipped) return skipped_again(content, state);
  Skipped one;
  if (content.is_batch()) {
    one = skipped_batch(content, trimmed);
  } else if (content.type() == EntryType::cursors_committed) {
    TRY(one, skipped_cursors(content));
  } else {
    TRY(one, skipped_note(content, state));
  }
  one.chain_after = content.chain_after();
  one.count = 1;
  one.history_bytes = content.history_bytes();
  one.history_records = content.history_records();
  return one;
}

Result<int64_t> producer_of(const SkippedNote& note) {
  if (note.type == EntryType::transaction_extended) {
    TRY(TransactionExtended extended, TransactionExtended::decode(note.payload));
    return extended.producer_id;
  }
  if (note.type == EntryType::transaction_positions) {
    TRY(TransactionPositions added, TransactionPositions::decode(note.payload));
    return added.producer_id;
  }
  TRY(TransactionEnded ended, TransactionEnded::decode(note.payload));
  return ended.producer_id;
}

size_t cursors_in(const Skipped& skipped) {
  size_t count = 0;
  for (const SkippedGroup& group : skipped.groups) count += group.cursors.size();
  return count;
}

size_t text_in(const Skipped& skipped) {
  size_t bytes = 0;
  for (const SkippedTransaction& item : skipped.transactions) bytes += item.transactional_id.size();
  for (const SkippedNote& note : skipped.notes) bytes += note.payload.size();
  for (const SkippedGroup& group : skipped.groups) {
    bytes += group.group.size();
    for (const SkippedCursor& cursor : group.cursors) bytes += cursor.commit.metadata.size();
  }
  return bytes;
}

Error out_of_order(int64_t producer_id) {
  return Error{ErrorCode::corrupt, "entries of producer " + std::to_string(producer_id) + " are not in order"};
}

}  // namespace

bool is_droppable(const StreamState& state, const ContentView& content) {
  if (content.entry_class() != EntryClass::history || content.bytes().size() > kNoteBytesMax) return false;
  switch (content.type()) {
    case EntryType::transaction_extended:
    case EntryType::transaction_positions: return true;
    case EntryType::transaction_ended: {
      auto ended = TransactionEnded::decode(content.payload());
      return ended && is_droppable_end(state, *ended);
    }
    case EntryType::cursors_committed: {
      auto committed = CursorsCommitted::decode(content.payload());
      return committed && committed->writer == content.origin().stream;
    }
    default: return false;
  }
}

bool SkippedRange::follows(const EntryView& entry) const {
  return entry.content.origin() == fields_.origin && entry.lsn == lsn_ + skipped_.count &&
         entry.content.origin_lsn() == fields_.origin_lsn + skipped_.count;
}

bool SkippedRange::fits(const Skipped& more) const {
  if (empty()) return true;
  const size_t notes = notes_ + more.notes.size();
  bool small = skipped_.partitions.size() + more.partitions.size() <= kSkippedPartitionsMax &&
               (batches_.size() + more.batches.size()) * ProducerState::kBatchesKept <= kSkippedBatchesMax &&
               skipped_.count + more.count <= kSkippedLsnsMax &&
               producers_.size() + more.transactions.size() + more.notes.size() <= kSkippedTransactionsMax &&
               groups_.size() + more.groups.size() + notes <= kSkippedGroupsMax &&  // each may bring one
               cursors_ + cursors_in(more) <= kSkippedCursorsWanted && text_ + text_in(more) <= kSkippedTextMax;
  if (!small) return false;
  for (const SkippedPartition& item : more.partitions) {
    auto place = places_.find(item.partition);
    if (place == places_.end()) continue;
    const SkippedPartition& known = skipped_.partitions[place->second];
    if (known.next != item.first || known.trimmed != item.trimmed) return false;
  }
  return true;
}

void SkippedRange::begin(const EntryView& entry) {
  const ContentView& content = entry.content;
  lsn_ = entry.lsn;
  fields_.entry_class = EntryClass::rewritten;
  fields_.type = EntryType::skipped;
  fields_.origin = content.origin();
  fields_.origin_lsn = content.origin_lsn();
  fields_.chain_before = content.chain_before();
  if (!content.is_batch()) original_.assign(content.bytes().begin(), content.bytes().end());
}

Result<bool> SkippedRange::add(const EntryView& entry, bool trimmed) {
  TRY(Skipped more, skipped_entry(entry.content, *state_, trimmed));
  if (!empty() && !follows(entry)) return false;
  if (!fits(more)) return false;
  if (empty()) {
    begin(entry);
  } else {
    original_.clear();
  }
  fields_.appended = entry.content.appended();
  TRY_STATUS(add_steps(more, skipped_.count));
  skipped_.chain_after = more.chain_after;
  skipped_.count += more.count;
  skipped_.history_bytes += more.history_bytes;
  skipped_.history_records += more.history_records;
  for (const SkippedPartition& item : more.partitions) add_partition(item);
  for (const SkippedBatch& batch : more.batches) add_batch(batch);
  return true;
}

void SkippedRange::add_partition(const SkippedPartition& item) {
  auto [place, is_new] = places_.try_emplace(item.partition, skipped_.partitions.size());
  if (is_new) {
    skipped_.partitions.push_back(item);
  } else {
    skipped_.partitions[place->second].next = item.next;
  }
}

void SkippedRange::add_batch(const SkippedBatch& batch) {
  std::vector<SkippedBatch>& kept = batches_[{batch.partition, batch.producer_id}];
  if (kept.size() == ProducerState::kBatchesKept) kept.erase(kept.begin());
  kept.push_back(batch);
}

// `first`: where they begin in this range.
Status SkippedRange::add_steps(const Skipped& more, uint64_t first) {
  for (const SkippedStep& step : more.steps()) {
    if (step.cursor != nullptr) {
      SkippedCursor cursor = *step.cursor;
      cursor.at += first;
      add_cursor(*step.group, std::move(cursor));
    } else if (step.transaction != nullptr) {
      SkippedTransaction item = *step.transaction;
      item.at += first;
      TRY_STATUS(add_settled(std::move(item)));
    } else {
      SkippedNote note = *step.note;
      note.at += first;
      TRY_STATUS(add_note(std::move(note)));
    }
  }
  return {};
}

void SkippedRange::add_cursor(const std::string& group, SkippedCursor cursor) {
  auto [place, is_new] = groups_.try_emplace(group);
  if (is_new) text_ += group.size();
  auto [known, is_first] = place->second.try_emplace(cursor.commit.partition);
  if (is_first) ++cursors_;
  text_ += cursor.commit.metadata.size();
  text_ -= known->second.commit.metadata.size();
  known->second = std::move(cursor);
}

Status SkippedRange::add_settled(SkippedTransaction item) {
  Producer& producer = producers_[item.producer_id];
  if (!producer.open.empty() || (!producer.closed && !producer.before.empty()))
    return fail(out_of_order(item.producer_id));
  text_ += item.transactional_id.size();
  if (producer.settled) text_ -= producer.settled->transactional_id.size();
  producer.closed = true;
  producer.settled = std::move(item);
  return {};
}

Status SkippedRange::add_note(SkippedNote note) {
  TRY(int64_t producer_id, producer_of(note));
  Producer& producer = producers_[producer_id];
  if (note.type == EntryType::transaction_ended && producer.closed) return add_end(producer, note);
  const bool begins = note.type == EntryType::transaction_extended;
  if (producer.closed && producer.open.empty() && !begins) return fail(out_of_order(producer_id));
  producer.closed = producer.closed || note.type == EntryType::transaction_ended;
  const bool is_before = !producer.closed || note.type == EntryType::transaction_ended;
  ++notes_;
  text_ += note.payload.size();
  (is_before ? producer.before : producer.open).push_back(std::move(note));
  return {};
}

void SkippedRange::forget(std::vector<SkippedNote>& notes) {
  for (const SkippedNote& note : notes) text_ -= note.payload.size();
  notes_ -= notes.size();
  notes.clear();
}

// A transaction is whole: only what it leaves is said.
Status SkippedRange::add_end(Producer& producer, const SkippedNote& note) {
  TRY(TransactionEnded ended, TransactionEnded::decode(note.payload));
  if (producer.open.empty()) return fail(out_of_order(ended.producer_id));
  const SkippedNote& first = producer.open.front();
  TRY(TransactionExtended extended, TransactionExtended::decode(first.payload));
  SkippedTransaction whole;
  whole.at = note.at;
  whole.producer_id = ended.producer_id;
  whole.epoch = ended.next_epoch;
  whole.ended_epoch = ended.epoch;
  whole.committed = ended.committed;
  whole.by_server = ended.by_server;
  whole.timeout_ms = extended.timeout_ms;
  whole.started = first.appended;
  whole.updated = note.appended;
  whole.transactional_id = std::move(extended.transactional_id);
  for (const SkippedNote& one : producer.open) {
    if (!ended.committed || one.type != EntryType::transaction_positions) continue;
    TRY(TransactionPositions added, TransactionPositions::decode(one.payload));
    for (CursorCommit& position : added.positions)
      add_cursor(added.group, {note.at, note.appended, std::move(position)});
  }
  forget(producer.open);
  return add_settled(std::move(whole));
}

SkippedRange::Taken SkippedRange::take() {
  for (const auto& [producer, batches] : batches_)
    skipped_.batches.insert(skipped_.batches.end(), batches.begin(), batches.end());
  for (auto& [producer_id, producer] : producers_) {
    if (producer.settled) skipped_.transactions.push_back(std::move(*producer.settled));
    for (std::vector<SkippedNote>* notes : {&producer.before, &producer.open})
      std::move(notes->begin(), notes->end(), std::back_inserter(skipped_.notes));
  }
  std::ranges::sort(skipped_.transactions, {}, &SkippedTransaction::at);
  std::ranges::sort(skipped_.notes, {}, &SkippedNote::at);
  for (auto& [name, cursors] : groups_) {
    SkippedGroup group{name, {}};
    for (auto& [partition, cursor] : cursors) group.cursors.push_back(std::move(cursor));
    skipped_.groups.push_back(std::move(group));
  }
  Taken taken{lsn_, skipped_.count, fields_, {}, {}};
  if (!original_.empty()) {
    taken.original = std::move(original_);
  } else {
    taken.payload = skipped_.encode();
  }
  *this = SkippedRange(*state_);
  return taken;
}

}  // namespace distributary
