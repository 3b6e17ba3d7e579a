#include "stream/checked_ranges.h"

#include <algorithm>
#include <iterator>

namespace distributary {

void CheckedRanges::add(SegmentNumber segment, uint64_t from, uint64_t end) {
  std::map<uint64_t, uint64_t>& ranges = segments_[segment].ranges;
  count_ -= ranges.size();
  auto next = ranges.upper_bound(from);
  if (next != ranges.begin() && std::prev(next)->second >= from) {
    --next;
    next->second = std::max(next->second, end);
  } else {
    next = ranges.emplace_hint(next, from, end);
  }
  auto after = std::next(next);
  while (after != ranges.end() && after->first <= next->second) {
    next->second = std::max(next->second, after->second);
    after = ranges.erase(after);
  }
  count_ += ranges.size();
  if (count_ > kCheckedRangesMax) forget(segments_.begin()->first, segments_.begin()->first);
}

void CheckedRanges::checked(SegmentNumber segment, uint64_t stamp, uint64_t from, uint64_t end) {
  auto known = segments_.find(segment);
  if (known != segments_.end() && known->second.stamp != stamp) forget(segment, segment);
  segments_[segment].stamp = stamp;
  add(segment, from, end);
}

bool CheckedRanges::covers(SegmentNumber segment, uint64_t stamp, uint64_t from, uint64_t end) const {
  auto known = segments_.find(segment);
  if (known == segments_.end() || known->second.stamp != stamp) return false;
  const std::map<uint64_t, uint64_t>& ranges = known->second.ranges;
  auto next = ranges.upper_bound(from);
  return next != ranges.begin() && std::prev(next)->second >= end;
}

void CheckedRanges::forget(SegmentNumber first, SegmentNumber last) {
  auto at = segments_.lower_bound(first);
  while (at != segments_.end() && at->first <= last) {
    count_ -= at->second.ranges.size();
    at = segments_.erase(at);
  }
}

}  // namespace distributary
