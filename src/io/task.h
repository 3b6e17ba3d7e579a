// Task<T>: a lazily started coroutine with one awaiting owner. All asynchronous code is written with it.
//
// Ownership: a Task owns its coroutine frame; destroying a Task that was never started, or is suspended, destroys the
// frame and everything in it. Top-level tasks are owned by a TaskScope (io/task_scope.h).
// Threads: a Task runs wholly on the thread of the executor that resumes it.
//
// Awaiting starts the child by a plain call. A child that finishes without suspending returns into its parent, so a
// loop of awaits that complete at once uses no stack and does not depend on tail calls (g++ does not make them below
// -O2 or under sanitizers). A child that suspended resumes its parent from its own end.
//
// Rules for coroutines here (g++ 12 has known faults around these):
// - take parameters by value, or by reference only to objects that outlive the task; never make a capturing lambda a
// coroutine;
// - give every argument of a `co_await f(...)` a name first when it is a braced aggregate or a temporary with a
// destructor
//   that is not trivial; no `co_await` inside ?: or inside a condition with && or ||;
// - hold no lock over a co_await.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"

namespace distributary {

template <class T>
class Task;

namespace task_detail {

struct PromiseBase {
  std::coroutine_handle<> parent;
  bool parent_suspended = false;
  bool finished = false;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      promise.finished = true;
      if (promise.parent_suspended) promise.parent.resume();  // may destroy this frame: touch nothing after it
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept {
    std::terminate();
  }  // errors are values; adapters catch exceptions
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

}  // namespace task_detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle child;
    bool await_ready() { return false; }
    bool await_suspend(std::coroutine_handle<> parent) {
      child.resume();
      task_detail::PromiseBase& promise = child.promise();
      if (promise.finished) return false;
      promise.parent = parent;
      promise.parent_suspended = true;
      return true;
    }
    T await_resume() { return child.promise().take(); }
  };
  // A task is awaited once.
  Awaiter operator co_await() && { return Awaiter{handle_}; }
  Awaiter operator co_await() & { return Awaiter{handle_}; }

 private:
  Handle handle_;
};

namespace task_detail {
template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace task_detail

}  // namespace distributary
