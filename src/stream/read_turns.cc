#include "stream/read_turns.h"

#include "base/check.h"

namespace distributary {

ReadTurns::Waiter::~Waiter() {
  if (!granted) std::erase(turns.waiting_, this);
  if (granted && !taken) turns.give_back();
}

MutableBytes ReadTurns::Turn::buffer() {
  if (buffer_ == nullptr && turns_->buffers_.empty()) {
    buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kBufferBytes);
  } else if (buffer_ == nullptr) {
    buffer_ = std::move(turns_->buffers_.back());
    turns_->buffers_.pop_back();
  }
  return {buffer_.get(), kBufferBytes};
}

Task<ReadTurns::Turn> ReadTurns::take() {
  if (free_ > 0) {
    --free_;
    co_return Turn(*this);
  }
  Waiter waiter(*this);
  while (!waiter.granted) {
    Status called = co_await waiter.called.wait();
    CHECK(called.has_value());
  }
  waiter.taken = true;
  co_return Turn(*this);
}

bool ReadTurns::try_take(std::optional<Turn>& turn) {
  if (free_ == 0) return false;
  --free_;
  turn.emplace(*this);
  return true;
}

void ReadTurns::give_back() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->called.notify_all();
}

}  // namespace distributary
