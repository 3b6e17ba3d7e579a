// What the index holds of an entry of the log: one place per batch that a partition shows. A record batch is one; the
// end of a transaction shows a control batch in every partition that it marks. Private to stream/.
#pragma once

#include <algorithm>

#include "model/entry.h"
#include "model/record_batch.h"
#include "model/rewritten_entry.h"
#include "model/transaction_payload.h"
#include "stream/index_entry.h"
#include "stream/stream_state.h"

namespace distributary {

// Where a whole entry is.
struct EntryPlace {
  SegmentNumber segment = 0;
  uint64_t at = 0;
  size_t length = 0;
};

// The offsets that a rewrite has dropped in the midst of a partition.
template <class Visit>
void visit_holes(const StreamState& state, const ContentView& content, IndexEntry hole, Visit visit) {
  auto skipped = Skipped::decode(content.payload());
  if (!skipped) return;  // what is in the log was applied
  hole.length = 0;
  hole.max_timestamp = -1;
  for (const SkippedPartition& item : skipped->partitions) {
    const Topic* topic = state.topic(item.partition.topic);
    if (item.trimmed || topic == nullptr) continue;
    hole.key = index_key(topic->ordinal, item.partition.partition);
    for (Offset from = item.first; from < item.next; from += hole.offsets) {  // an entry counts 32 bits of offsets
      hole.base_offset = from;
      hole.offsets = static_cast<uint32_t>(std::min<Offset>(item.next - from, INT32_MAX));
      visit(hole);
    }
  }
}

// Calls `visit(const IndexEntry&)` for each. Those of topics that are not there (any more) are left out.
template <class Visit>
void visit_indexed(const StreamState& state, const ContentView& content, const EntryPlace& place, Visit visit) {
  IndexEntry entry;
  entry.length = static_cast<uint32_t>(place.length);
  entry.segment = place.segment;
  entry.at = place.at;
  entry.max_timestamp = content.appended();
  if (content.type() == EntryType::skipped) {
    visit_holes(state, content, entry, visit);
  } else if (content.is_batch()) {
    const Topic* topic = state.topic(content.topic());
    if (topic == nullptr) return;
    auto batch = RecordBatchView::parse(content.batch());
    entry.key = index_key(topic->ordinal, content.partition());
    entry.base_offset = content.base_offset();
    entry.offsets = content.offset_count();
    if (batch) entry.max_timestamp = batch->max_timestamp();
    visit(entry);
  } else if (content.type() == EntryType::transaction_ended) {
    auto ended = TransactionEnded::decode(content.payload());
    if (!ended) return;  // what is in the log was applied
    for (const TransactionEnded::Marker& marker : ended->markers) {
      const Topic* topic = state.topic(marker.partition.topic);
      if (topic == nullptr) continue;
      entry.key = index_key(topic->ordinal, marker.partition.partition);
      entry.base_offset = marker.offset;
      entry.offsets = 1;
      visit(entry);
    }
  }
}

}  // namespace distributary
