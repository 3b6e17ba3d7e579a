// ByteBudget: a bound on bytes that are on their way, shared by all who take from it. Taking waits until there is room;
// one piece larger than the whole budget goes when nothing else is out.
//
// Threads: the executor's. Ownership: outlives the shares.
#pragma once

#include <cstddef>
#include <stop_token>
#include <utility>

#include "io/signal.h"
#include "io/task.h"

namespace distributary {

class ByteBudget {
 public:
  ByteBudget(Executor& executor, size_t limit) : limit_(limit), freed_(executor) {}

  // Bytes taken; gives them back when destroyed.
  class Share {
   public:
    Share() = default;
    Share(ByteBudget& from, size_t bytes) : from_(&from), bytes_(bytes) {}
    Share(Share&& other) noexcept : from_(std::exchange(other.from_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        release();
        from_ = std::exchange(other.from_, nullptr);
        bytes_ = other.bytes_;
      }
      return *this;
    }
    ~Share() { release(); }
    void release() {
      if (from_ != nullptr) std::exchange(from_, nullptr)->give_back(bytes_);
    }

   private:
    ByteBudget* from_ = nullptr;
    size_t bytes_ = 0;
  };

  // Error: cancelled.
  Task<Result<Share>> take(size_t bytes, std::stop_token stop) {
    while (used_ > 0 && used_ + bytes > limit_) {
      CO_TRY_STATUS(co_await freed_.wait(kNever, stop));
    }
    used_ += bytes;
    co_return Share(*this, bytes);
  }
  size_t used() const { return used_; }

 private:
  void give_back(size_t bytes) {
    used_ -= bytes;
    if (freed_.has_waiters()) freed_.notify_all();
  }
  size_t limit_;
  size_t used_ = 0;
  Signal freed_;
};

}  // namespace distributary
