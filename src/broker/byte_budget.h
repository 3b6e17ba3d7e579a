// ByteBudget: a bound on bytes that are on their way, shared by all who take from it. Who finds no room waits in a row,
// first come first served, however small; one piece larger than the whole budget goes when nothing else is out.
//
// Threads: the executor's. Ownership: outlives the shares and the waiters.
#pragma once

#include <cstddef>
#include <deque>
#include <stop_token>
#include <utility>

#include "io/signal.h"
#include "io/task.h"

namespace distributary {

class ByteBudget {
 public:
  ByteBudget(Executor& executor, size_t limit) : executor_(executor), limit_(limit) {}

  // Bytes taken; gives them back when destroyed.
  class Share {
   public:
    Share() = default;
    Share(ByteBudget& from, size_t bytes) : from_(&from), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        release();
        from_ = std::exchange(other.from_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Share() { release(); }
    void release() {
      if (from_ != nullptr) std::exchange(from_, nullptr)->give_back(std::exchange(bytes_, 0));
    }
    size_t bytes() const { return bytes_; }
    // Gives back what is above `bytes`, or takes what is missing without asking for room: for what turned out larger.
    void settle(size_t bytes);
    // A part of it, at most `bytes`, as a share of its own.
    Share split(size_t bytes);

   private:
    ByteBudget* from_ = nullptr;
    size_t bytes_ = 0;
  };

  // Waits for room. Errors: cancelled, timed_out.
  Task<Result<Share>> take(size_t bytes, std::stop_token stop, SteadyTime deadline = kNever);
  // Takes `bytes` more into `share` if there is room now and nobody waits.
  bool try_grow(Share& share, size_t bytes);
  size_t used() const { return used_; }
  size_t free() const { return used_ < limit_ ? limit_ - used_ : 0; }
  size_t waiting() const { return row_.size(); }

 private:
  // In the frame of `take`: leaves the row by itself when the frame is destroyed.
  struct Waiter {
    Waiter(ByteBudget& budget, size_t bytes) : budget(budget), bytes(bytes), called(budget.executor_) {
      budget.row_.push_back(this);
    }
    ~Waiter();
    ByteBudget& budget;
    size_t bytes;
    Signal called;
    bool granted = false;
    bool taken = false;
  };
  bool fits(size_t bytes) const { return used_ == 0 || used_ + bytes <= limit_; }
  void give_back(size_t bytes);
  void call_next();

  Executor& executor_;
  size_t limit_;
  size_t used_ = 0;
  std::deque<Waiter*> row_;
};

}  // namespace distributary
