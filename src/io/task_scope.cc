#include "io/task_scope.h"

namespace distributary {

// A coroutine that owns itself: its frame goes when the task has ended.
struct TaskScope::Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

TaskScope::~TaskScope() { CHECK(running_ == 0); }

void TaskScope::spawn(Task<void> task) {
  ++running_;
  run(*this, std::move(task));
}

TaskScope::Detached TaskScope::run(TaskScope& scope, Task<void> task) {
  {
    Task<void> owned = std::move(task);
    co_await owned;
  }  // the task's frame goes before the scope may
  if (--scope.running_ == 0) scope.idle_.notify_all();
}

Task<void> TaskScope::join() {
  while (running_ > 0) {
    Status waited = co_await idle_.wait();
    CHECK(waited.has_value());
  }
}

namespace {
struct Yield {
  Executor& executor;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    executor.post([handle] { handle.resume(); });
  }
  void await_resume() const {}
};
}  // namespace

Task<void> yield_to_others(Executor& executor) {
  Yield yield{executor};
  co_await yield;
}

Task<Status> sleep_for(Executor& executor, Duration span, std::stop_token stop) {
  Signal never(executor);
  SteadyTime until = executor.clock().now() + span;
  Status waited = co_await never.wait(until, stop);
  if (!waited && waited.error().code == ErrorCode::timed_out) co_return Status{};
  co_return waited;
}

}  // namespace distributary
