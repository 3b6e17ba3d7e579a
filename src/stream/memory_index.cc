#include "stream/memory_index.h"

#include <algorithm>

namespace distributary {

void MemoryIndex::add(const IndexEntry& entry) {
  Segment& segment = segments_[entry.segment];
  segment.partitions[entry.key].push_back(static_cast<uint32_t>(segment.entries.size()));
  segment.entries.push_back(entry);
}

std::vector<SegmentNumber> MemoryIndex::segments() const {
  std::vector<SegmentNumber> numbers;
  for (const auto& [number, segment] : segments_) numbers.push_back(number);
  return numbers;
}

std::vector<IndexEntry> MemoryIndex::entries(SegmentNumber number, size_t begin) const {
  auto found = segments_.find(number);
  if (found == segments_.end()) return {};
  const std::vector<IndexEntry>& entries = found->second.entries;
  return {entries.begin() + static_cast<std::ptrdiff_t>(std::min(begin, entries.size())), entries.end()};
}

size_t MemoryIndex::entry_count(SegmentNumber number) const {
  auto found = segments_.find(number);
  return found == segments_.end() ? 0 : found->second.entries.size();
}

std::vector<IndexKey> MemoryIndex::keys(SegmentNumber number) const {
  std::vector<IndexKey> keys;
  auto found = segments_.find(number);
  if (found == segments_.end()) return keys;
  for (const auto& [key, places] : found->second.partitions) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<IndexEntry> MemoryIndex::of_partition(SegmentNumber number, IndexKey key) const {
  return find(number, key, INT64_MIN, SIZE_MAX, SIZE_MAX).entries;
}

MemoryIndex::Found MemoryIndex::find(SegmentNumber number, IndexKey key, Offset from, size_t bytes_max,
                                     size_t entries_max) const {
  Found result;
  auto segment = segments_.find(number);
  if (segment == segments_.end()) return result;
  auto partition = segment->second.partitions.find(key);
  if (partition == segment->second.partitions.end()) return result;
  const std::vector<IndexEntry>& entries = segment->second.entries;
  const std::vector<uint32_t>& places = partition->second;
  auto first = std::partition_point(places.begin(), places.end(),
                                    [&](uint32_t place) { return entries[place].end_offset() <= from; });
  result.passed = first != places.begin();
  for (size_t bytes = 0; first != places.end() && bytes < bytes_max && result.entries.size() < entries_max; ++first) {
    result.entries.push_back(entries[*first]);
    bytes += entries[*first].length;
  }
  return result;
}

}  // namespace distributary
