#include "replication/reorder_buffer.h"

namespace distributary {

Status ReorderBuffer::offer(uint64_t number, Frame frame, uint64_t bytes_max) {
  if (number < next_ || frames_.contains(number)) return {};
  uint64_t bytes = frame.bytes.size();
  if (number != next_ && bytes_ + bytes > bytes_max) {
    return fail(ErrorCode::too_large, "frames out of order hold more than " + std::to_string(bytes_max) +
                                          " bytes: the source does not keep to the window");
  }
  bytes_ += bytes;
  frames_.emplace(number, std::move(frame));
  return {};
}

std::optional<Frame> ReorderBuffer::take() {
  auto first = frames_.begin();
  if (first == frames_.end() || first->first != next_) return std::nullopt;
  Frame frame = std::move(first->second);
  frames_.erase(first);
  bytes_ -= frame.bytes.size();
  ++next_;
  return frame;
}

}  // namespace distributary
