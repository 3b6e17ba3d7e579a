// Sets of partitions as sorted vectors: what members of a group own, give up and are to have.
//
// Pure functions; any thread.
#pragma once

#include <algorithm>
#include <iterator>
#include <vector>

#include "model/ids.h"

namespace distributary {

using PartitionSet = std::vector<TopicPartition>;  // sorted, no duplicates

inline void make_set(PartitionSet& partitions) {
  std::ranges::sort(partitions);
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
}
inline PartitionSet intersection(const PartitionSet& a, const PartitionSet& b) {
  PartitionSet out;
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  return out;
}
inline PartitionSet difference(const PartitionSet& a, const PartitionSet& b) {
  PartitionSet out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}
inline PartitionSet united(const PartitionSet& a, const PartitionSet& b) {
  PartitionSet out;
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

}  // namespace distributary
