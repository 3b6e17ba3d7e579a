#include "storage/segment_list.h"

#include <algorithm>
#include <iterator>

namespace distributary {

Result<SegmentInfo> find_segment(const std::vector<SegmentInfo>& segments, SegmentNumber number,
                                 const std::string& log) {
  auto at = std::lower_bound(segments.begin(), segments.end(), number,
                             [](const SegmentInfo& info, SegmentNumber wanted) { return info.number < wanted; });
  if (at != segments.end() && at->number == number) return *at;
  return fail(ErrorCode::not_found, log + " has no segment " + std::to_string(number));
}

Result<uint64_t> segment_bytes(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log) {
  TRY(SegmentInfo info, find_segment(segments, number, log));
  return info.bytes;
}

Status check_next_segment(const std::vector<SegmentInfo>& segments, SegmentNumber number, const std::string& log) {
  SegmentNumber last = segments.empty() ? 0 : segments.back().last();
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

Status check_rewrite(const std::vector<SegmentInfo>& segments, const SegmentInfo& rewritten, const std::string& log) {
  bool begins = false;
  bool ends = false;
  bool is_new = rewritten.rewrite > 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    begins = begins || segments[i].number == rewritten.number;
    ends = ends || (segments[i].last() == rewritten.last() && i + 1 < segments.size());
    is_new = is_new && segments[i].rewrite < rewritten.rewrite;
  }
  if (begins && ends && is_new && rewritten.number <= rewritten.last()) return {};
  return fail(ErrorCode::invalid_argument, log + ": segments " + std::to_string(rewritten.number) + " to " +
                                               std::to_string(rewritten.last()) + " cannot be rewritten as rewrite " +
                                               std::to_string(rewritten.rewrite));
}

std::vector<SegmentInfo> replace_segments(std::vector<SegmentInfo>& segments, const SegmentInfo& rewritten) {
  std::vector<SegmentInfo> replaced;
  auto within = [&](const SegmentInfo& info) {
    return info.number >= rewritten.number && info.last() <= rewritten.last();
  };
  std::copy_if(segments.begin(), segments.end(), std::back_inserter(replaced), within);
  auto first = std::find_if(segments.begin(), segments.end(), within);
  first = segments.erase(first, first + static_cast<std::ptrdiff_t>(replaced.size()));
  segments.insert(first, rewritten);
  return replaced;
}

}  // namespace distributary
