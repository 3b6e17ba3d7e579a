// SendWindow: the frames of one session that are sent or waiting and not yet acknowledged, and how far the replica is
// because of what was acknowledged.
//
// Pure bookkeeping; frames are numbered from 1. Used by SourceSession only.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "stream/log_position.h"
#include "stream/stream_state.h"
#include "wire/link/messages.h"

namespace distributary {

struct OutgoingFrame {
  uint64_t number = 0;
  std::vector<Bytes> pieces;  // share the memory of the log's tail
  size_t bytes = 0;           // of them all
  LogPosition after;          // the replica has everything before this when the frame is acknowledged
  OriginPositions reached;    // of the origins in this frame, their last entry in it
};

class SendWindow {
 public:
  SendWindow(LogPosition start, uint64_t window) : acknowledged_(start), window_(window) {}

  // Whether a frame of `bytes` may be added now; `limit`: our own beside the replica side's.
  bool fits(size_t bytes, uint64_t limit) const {
    return window_ > 0 && (frames_.empty() || bytes_ + bytes <= std::min(window_, limit));
  }
  uint64_t next_number() const { return first_ + frames_.size(); }
  void add(OutgoingFrame frame);  // with next_number()
  // Nothing between what was added last and `after` has to be sent.
  void skip_to(LogPosition after);

  // The waiting frame with the lowest number, now sent on `connection`.
  const OutgoingFrame* take(uint16_t connection);
  // Its number.
  std::optional<uint64_t> first_waiting() const {
    return waiting_.empty() ? std::nullopt : std::optional(*waiting_.begin());
  }
  // What was sent on that connection waits again.
  void lost(uint16_t connection);

  // Errors: corrupt when the acknowledgement is about frames never sent, or about less than was acknowledged before;
  // diverged when a chain hash is not ours.
  Status acknowledge(const Acknowledged& message);

  const LogPosition& acknowledged() const { return acknowledged_; }
  bool empty() const { return frames_.empty(); }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Slot {
    OutgoingFrame frame;
    std::optional<uint16_t> connection;
  };
  void pop();
  Status compare(const HeldPosition& held) const;

  LogPosition acknowledged_;
  uint64_t window_;
  uint64_t first_ = 1;  // number of frames_.front()
  uint64_t bytes_ = 0;
  std::deque<Slot> frames_;
  std::set<uint64_t> waiting_;
  OriginPositions reached_;  // by acknowledged frames
};

}  // namespace distributary
