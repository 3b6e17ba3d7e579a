// The body of run_blocking (io/task_scope.h).
#pragma once

#include <optional>

#include "io/task_scope.h"

namespace distributary {

namespace io_detail {
struct BlockingAwaiter {
  BlockingPool& pool;
  Executor& executor;
  std::function<void()> work;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    pool.run(executor, std::move(work), [handle] { handle.resume(); });
  }
  void await_resume() const {}
};
}  // namespace io_detail

template <class Work>
auto run_blocking(BlockingPool& pool, Executor& executor, Work work) -> Task<decltype(work())> {
  std::optional<decltype(work())> result;
  std::function<void()> wrapped = [&] { result.emplace(work()); };
  io_detail::BlockingAwaiter awaiter{pool, executor, std::move(wrapped)};
  co_await awaiter;
  co_return std::move(*result);
}

}  // namespace distributary
