#include "stream/segment_scanner.h"

#include <fmt/core.h>

#include <algorithm>

namespace distributary {
namespace {
constexpr size_t kReadBytes = 1u << 20;
}

SegmentScanner::SegmentScanner(Log& log, LogId id, const SegmentInfo& segment, uint64_t at)
    : log_(log),
      segment_(segment.number),
      at_(at),
      end_(segment.bytes),
      salt_(segment_salt(id, segment.number, segment.rewrite)) {}

Task<Result<ByteView>> SegmentScanner::window(size_t length) {
  uint64_t left = end_ > at_ ? end_ - at_ : 0;
  length = static_cast<size_t>(std::min<uint64_t>(length, left));
  bool inside = at_ >= buffer_at_ && at_ + length <= buffer_at_ + buffer_.size();
  if (!inside) {
    auto wanted = static_cast<size_t>(std::min<uint64_t>(std::max(length, kReadBytes), left));
    CO_TRY(buffer_, co_await log_.read(segment_, at_, wanted, ReadPattern::sequential));
    buffer_at_ = at_;
  }
  size_t offset = at_ - buffer_at_;
  co_return buffer_.view().subspan(offset, std::min(length, buffer_.size() - offset));
}

Task<Result<std::optional<ScannedGroup>>> SegmentScanner::next() {
  if (at_ >= end_) co_return std::nullopt;
  CO_TRY(ByteView head, co_await window(kGroupHeaderBytes));
  auto header = GroupHeader::parse(head, salt_, at_);
  if (!header) co_return fail(header.error().context(fmt::format("segment {} at {}", segment_, at_)));
  CO_TRY(ByteView whole, co_await window(header->length));
  if (whole.size() < header->length) {
    co_return fail(ErrorCode::corrupt, fmt::format("segment {} at {}: group is cut short", segment_, at_));
  }
  ScannedGroup group{*header, buffer_.slice(at_ - buffer_at_, header->length), segment_, at_,
                     entry_salt(salt_, header->epoch)};
  at_ += header->length;
  co_return group;
}

Task<Result<bool>> SegmentScanner::find_next_group() {
  for (at_ += 8; at_ + kGroupHeaderBytes <= end_; at_ += 8) {
    CO_TRY(ByteView head, co_await window(kGroupHeaderBytes));
    if (head.size() < kGroupHeaderBytes) co_return false;
    if (GroupHeader::parse(head, salt_, at_)) co_return true;
  }
  co_return false;
}

}  // namespace distributary
