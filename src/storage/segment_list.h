// What every engine checks against a log's list of segments before it does anything. `log` names the log in messages
// ("log <id>").
#pragma once

#include "storage/log_store.h"

namespace distributary {

// create_segment: already_exists, or invalid_argument when `number` does not follow the last one. The first may have
// any number but 0.
Status check_next_segment(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log);
// truncate: not_found, or invalid_argument when it would lengthen the segment.
Status check_truncate(const std::vector<SegmentInfo>& segments, SegmentNumber number, uint64_t bytes,
                      const std::string& log);
// remove_segment: not_found, or invalid_argument for the last one.
Status check_remove(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log);
// not_found when there is no such segment.
Result<uint64_t> segment_bytes(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log);

}  // namespace distributary
