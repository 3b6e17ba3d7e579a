#include "stream/partition_sizes.h"

namespace distributary {

Task<Result<uint64_t>> PartitionSizes::measure(IndexKey key, Offset from, Offset end) {
  Known reached{from, from, 0};
  if (auto known = known_.find(key); known != known_.end() && known->second.from == from && known->second.end <= end)
    reached = known->second;
  while (reached.end < end) {
    CO_TRY(std::vector<IndexEntry> entries, co_await index_.find(key, reached.end, SIZE_MAX, kIndexEntriesPerStep));
    const Offset before = reached.end;
    for (const IndexEntry& entry : entries) {
      if (entry.end_offset() > end) break;
      reached.bytes += entry.length;
      reached.end = entry.end_offset();
    }
    if (reached.end == before) break;  // the rest holds no batch
  }
  if (known_.size() >= kSizesRemembered && !known_.contains(key)) known_.clear();
  known_[key] = reached;
  co_return reached.bytes;
}

void PartitionSizes::trim(IndexKey key, Offset from, uint64_t bytes) {
  auto known = known_.find(key);
  if (known == known_.end() || known->second.end < from) return;
  known->second.from = from;
  known->second.bytes = bytes;
}

}  // namespace distributary
