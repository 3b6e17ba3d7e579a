// CheckedRanges: which parts of a log this process has written itself, or read and found whole. As long as they have
// stayed in memory since, they need not be checked again to be sent on.
//
// What comes from the device anew is to be checked anew, also what the system has read ahead: a segment is forgotten as
// soon as the stamp of its file has changed (File::device_stamp). Pure data of one BatchReader.
#pragma once

#include <map>

#include "storage/log_store.h"

namespace distributary {

inline constexpr size_t kCheckedRangesMax = 4096;  // of a log; beyond it the oldest segment is forgotten

class CheckedRanges {
 public:
  void written(SegmentNumber segment, uint64_t from, uint64_t end) { add(segment, from, end); }
  // Read, and found whole, while the file had this stamp.
  void checked(SegmentNumber segment, uint64_t stamp, uint64_t from, uint64_t end);
  bool covers(SegmentNumber segment, uint64_t stamp, uint64_t from, uint64_t end) const;
  void forget(SegmentNumber first, SegmentNumber last);
  size_t size() const { return count_; }

 private:
  struct Segment {
    uint64_t stamp = 0;
    std::map<uint64_t, uint64_t> ranges;  // beginning to end; they do not touch each other
  };
  void add(SegmentNumber segment, uint64_t from, uint64_t end);
  std::map<SegmentNumber, Segment> segments_;
  size_t count_ = 0;
};

}  // namespace distributary
