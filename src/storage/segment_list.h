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
// begin_rewrite: invalid_argument unless [first, last] begins and ends where sealed segments do and `rewrite` is new.
Status check_rewrite(const std::vector<SegmentInfo>& segments, const SegmentInfo& rewritten, const std::string& log);
// commit_rewrite: puts it in the place of those that it stands for, and gives those.
std::vector<SegmentInfo> replace_segments(std::vector<SegmentInfo>& segments, const SegmentInfo& rewritten);
// not_found when there is no such segment.
Result<SegmentInfo> find_segment(const std::vector<SegmentInfo>& segments, SegmentNumber number,
                                 const std::string& log);
Result<uint64_t> segment_bytes(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log);

}  // namespace distributary
