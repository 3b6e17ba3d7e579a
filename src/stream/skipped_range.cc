#include "stream/skipped_range.h"

#include "model/record_batch.h"

namespace distributary {
namespace {

// One dropped batch as a range of its own.
Skipped skipped_batch(const ContentView& content, bool trimmed) {
  Skipped one;
  one.chain_after = content.chain_after();
  one.count = 1;
  one.history_bytes = content.history_bytes();
  one.history_records = content.history_records();
  TopicPartition partition{content.topic(), content.partition()};
  one.partitions.push_back({partition, content.base_offset(), content.end_offset(), trimmed});
  auto batch = RecordBatchView::parse(content.batch());
  if (batch && batch->has_producer_id() && batch->base_sequence() >= 0) {
    one.batches.push_back({partition, batch->producer_id(), batch->producer_epoch(), batch->base_sequence(),
                           batch->last_sequence(), content.base_offset(), content.appended()});
  }
  return one;
}

}  // namespace

bool SkippedRange::follows(const EntryView& entry) const {
  return entry.content.origin() == fields_.origin && entry.lsn == lsn_ + skipped_.count &&
         entry.content.origin_lsn() == fields_.origin_lsn + skipped_.count;
}

bool SkippedRange::fits(const Skipped& more) const {
  bool small = skipped_.partitions.size() + more.partitions.size() <= kSkippedPartitionsMax &&
               (producers_.size() + more.batches.size()) * ProducerState::kBatchesKept <= kSkippedBatchesMax &&
               skipped_.count + more.count <= kSkippedLsnsMax;
  if (!small) return empty();
  for (const SkippedPartition& item : more.partitions) {
    auto place = places_.find(item.partition);
    if (place == places_.end()) continue;
    const SkippedPartition& known = skipped_.partitions[place->second];
    if (known.next != item.first || known.trimmed != item.trimmed) return false;
  }
  return true;
}

Result<bool> SkippedRange::add(const EntryView& entry, bool trimmed) {
  Skipped more;
  if (entry.content.type() == EntryType::skipped) {
    TRY(more, Skipped::decode(entry.content.payload()));
  } else {
    more = skipped_batch(entry.content, trimmed);
  }
  if (!empty() && !follows(entry)) return false;
  if (!fits(more)) return false;
  if (empty()) {
    lsn_ = entry.lsn;
    fields_.entry_class = EntryClass::rewritten;
    fields_.type = EntryType::skipped;
    fields_.origin = entry.content.origin();
    fields_.origin_lsn = entry.content.origin_lsn();
    fields_.chain_before = entry.content.chain_before();
  }
  fields_.appended = entry.content.appended();
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
  std::vector<SkippedBatch>& kept = producers_[{batch.partition, batch.producer_id}];
  if (kept.size() == ProducerState::kBatchesKept) kept.erase(kept.begin());
  kept.push_back(batch);
}

SkippedRange::Taken SkippedRange::take() {
  for (const auto& [producer, batches] : producers_)
    skipped_.batches.insert(skipped_.batches.end(), batches.begin(), batches.end());
  Taken taken{lsn_, fields_, skipped_.encode()};
  *this = SkippedRange();
  return taken;
}

}  // namespace distributary
