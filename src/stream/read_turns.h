// ReadTurns: at most so many at a time, the others in the order in which they came. One for all streams of a node, so
// that a hundred consumers that
// read the device do not fill the loop's queue with their work: what is acknowledged to producers passes through the
// same queue.
//
// Threads: one executor. Must outlive its waiters and turns.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "io/signal.h"
#include "io/task.h"

namespace distributary {

class ReadTurns {
 public:
  ReadTurns(Executor& executor, size_t turns) : executor_(executor), free_(turns) {}

  static constexpr size_t kBufferBytes = 1u << 20;

  // Gives the turn back when destroyed.
  class Turn {
   public:
    explicit Turn(ReadTurns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), buffer_(std::move(other.buffer_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (buffer_ != nullptr) turns_->buffers_.push_back(std::move(buffer_));
      if (turns_ != nullptr) turns_->give_back();
    }
    // Memory to read into, as long as the turn lasts; the next turn has the same, still in the processor's cache.
    MutableBytes buffer();

   private:
    ReadTurns* turns_;
    std::unique_ptr<uint8_t[]> buffer_;
  };
  Task<Turn> take();
  // A turn, if one is free at once.
  bool try_take(std::optional<Turn>& turn);
  size_t waiting() const { return waiting_.size(); }

 private:
  // In the frame of `take`: leaves the row by itself when the frame is destroyed.
  struct Waiter {
    explicit Waiter(ReadTurns& turns) : turns(turns), called(turns.executor_) { turns.waiting_.push_back(this); }
    ~Waiter();
    ReadTurns& turns;
    Signal called;
    bool granted = false;
    bool taken = false;
  };
  void give_back();

  Executor& executor_;
  size_t free_;
  std::deque<Waiter*> waiting_;
  std::vector<std::unique_ptr<uint8_t[]>> buffers_;  // no more than turns
};

}  // namespace distributary
