#include "storage/segment_list.h"

#include <algorithm>

namespace distributary {

Result<uint64_t> segment_bytes(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log) {
  auto at = std::lower_bound(segments.begin(), segments.end(), number,
                             [](const SegmentInfo& info, SegmentNumber wanted) { return info.number < wanted; });
  if (at != segments.end() && at->number == number) return at->bytes;
  return fail(ErrorCode::not_found, log + " has no segment " + std::to_string(number));
}

Status check_next_segment(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log) {
  SegmentNumber last = segments.empty() ? 0 : segments.back().number;
  if (number == 0 || (last != 0 && number > last + 1)) {
    return fail(ErrorCode::invalid_argument,
                log + ": segment " + std::to_string(number) + " does not follow segment " + std::to_string(last));
  }
  if (number > last) return {};
  return fail(ErrorCode::already_exists, log + ": segment " + std::to_string(number) + " is there already");
}

Status check_truncate(const std::vector<SegmentInfo>& segments, SegmentNumber number, uint64_t bytes,
                      const std::string& log) {
  TRY(uint64_t size, segment_bytes(segments, number, log));
  if (bytes <= size) return {};
  return fail(ErrorCode::invalid_argument, log + ": segment " + std::to_string(number) + " has " +
                                               std::to_string(size) + " bytes and cannot be cut to " +
                                               std::to_string(bytes));
}

Status check_remove(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log) {
  TRY_STATUS(segment_bytes(segments, number, log));
  if (number != segments.back().number) return {};
  return fail(ErrorCode::invalid_argument, log + ": the last segment cannot be removed");
}

}  // namespace distributary
