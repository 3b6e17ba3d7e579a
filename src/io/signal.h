// Signal: the one primitive on which tasks wait for each other. Like a condition variable without a lock: state is
// plain data of one loop, `wait` suspends until the next `notify_all`, the deadline or the stop token, whichever is
// first.
//
//   while (!ready_) CO_TRY_STATUS(co_await signal_.wait(deadline, stop));
//
// Ownership: the Signal must outlive its waiters. A waiter whose frame is destroyed leaves the list by itself.
// Threads: the executor's thread only; stop must be requested there too. Waiters are resumed by a post, in the order in
// which they came, never inside `notify_all`.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/error.h"
#include "base/time.h"
#include "io/executor.h"

namespace distributary {

class Signal {
 public:
  explicit Signal(Executor& executor) : executor_(executor) {}
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify_all();
  bool has_waiters() const { return head_ != nullptr; }

  class Waiter {
   public:
    Waiter(Signal& signal, SteadyTime deadline, std::stop_token stop)
        : signal_(signal), deadline_(deadline), stop_(std::move(stop)) {}
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> handle);
    Status await_resume();  // ok when notified, else timed_out or cancelled

   private:
    friend class Signal;
    enum class State { idle, waiting, resuming, done };
    struct OnStop {
      Waiter* waiter;
      void operator()() const { waiter->finish(ErrorCode::cancelled); }
    };
    void finish(std::optional<ErrorCode> outcome);
    void unlink();
    void disarm();

    Signal& signal_;
    SteadyTime deadline_;
    std::stop_token stop_;
    std::coroutine_handle<> handle_;
    State state_ = State::idle;
    std::optional<ErrorCode> outcome_;
    Executor::TimerId timer_ = 0;
    std::optional<std::stop_callback<OnStop>> on_stop_;
    std::shared_ptr<Waiter*> alive_;  // cleared by the destructor, so that a posted resume finds nobody
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
  };

  Waiter wait(SteadyTime deadline = kNever, std::stop_token stop = {}) {
    return Waiter(*this, deadline, std::move(stop));
  }

 private:
  Executor& executor_;
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

}  // namespace distributary
