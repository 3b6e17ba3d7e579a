#include "replication/send_window.h"

#include "base/check.h"

namespace distributary {

void SendWindow::add(OutgoingFrame frame) {
  CHECK(frame.number == next_number());
  waiting_.insert(frame.number);
  bytes_ += frame.bytes;
  frames_.push_back({std::move(frame), std::nullopt});
}

void SendWindow::skip_to(LogPosition after) {
  if (frames_.empty()) {
    acknowledged_ = after;
  } else {
    frames_.back().frame.after = after;
  }
}

const OutgoingFrame* SendWindow::take(uint16_t connection) {
  if (waiting_.empty()) return nullptr;
  Slot& slot = frames_[*waiting_.begin() - first_];
  waiting_.erase(waiting_.begin());
  slot.connection = connection;
  return &slot.frame;
}

void SendWindow::lost(uint16_t connection) {
  for (Slot& slot : frames_) {
    if (slot.connection != connection) continue;
    slot.connection.reset();
    waiting_.insert(slot.frame.number);
  }
}

void SendWindow::pop() {
  OutgoingFrame& frame = frames_.front().frame;
  acknowledged_ = frame.after;
  for (const auto& [origin, position] : frame.reached) reached_[origin] = position;
  bytes_ -= frame.bytes;
  waiting_.erase(frame.number);
  frames_.pop_front();
  ++first_;
}

Status SendWindow::compare(const HeldPosition& held) const {
  auto ours = reached_.find(held.origin);
  if (ours == reached_.end() || held.lsn > ours->second.lsn) return {};  // another link brought more
  if (held.lsn < ours->second.lsn) {
    return fail(ErrorCode::corrupt, "the replica acknowledged " + std::to_string(ours->second.lsn) + " of origin " +
                                        to_string(held.origin) + " and now says it holds only " +
                                        std::to_string(held.lsn));
  }
  if (held.chain == ours->second.chain) return {};
  return fail(ErrorCode::diverged, "after " + std::to_string(held.lsn) + " of origin " + to_string(held.origin) +
                                       " the replica has the chain hash " + to_hex(held.chain) + ", the source " +
                                       to_hex(ours->second.chain));
}

Status SendWindow::acknowledge(const Acknowledged& message) {
  if (message.next_frame == 0 || message.next_frame > next_number()) {
    return fail(ErrorCode::corrupt,
                "an acknowledgement is about frame " + std::to_string(message.next_frame) + ", which was never sent");
  }
  window_ = message.window;
  if (message.next_frame < first_) return {};  // overtaken by a later one on another connection
  while (first_ < message.next_frame) pop();
  for (const HeldPosition& held : message.positions) {
    TRY_STATUS(compare(held));
  }
  return {};
}

}  // namespace distributary
