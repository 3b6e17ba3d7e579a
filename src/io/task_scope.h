// TaskScope: owns background tasks. `stop` asks them to end (its token), `join` waits until all have; the destructor
// CHECKs that none is left, so a task can never outlive the objects that it uses.
//
// Threads: the executor's thread only.
#pragma once

#include <stop_token>

#include "io/executor.h"
#include "io/signal.h"
#include "io/task.h"

namespace distributary {

class TaskScope {
 public:
  explicit TaskScope(Executor& executor) : executor_(executor), idle_(executor) {}
  ~TaskScope();

  // Starts `task` at once, on the caller's stack, until it first suspends.
  void spawn(Task<void> task);
  std::stop_token stop_token() const { return stop_.get_token(); }
  bool stopping() const { return stop_.stop_requested(); }
  void stop() { stop_.request_stop(); }
  Task<void> join();  // does not stop: call stop() first
  size_t size() const { return running_; }
  Executor& executor() { return executor_; }

 private:
  struct Detached;
  static Detached run(TaskScope& scope, Task<void> task);
  Executor& executor_;
  std::stop_source stop_;
  Signal idle_;
  size_t running_ = 0;
};

// Suspends for `span`; `cancelled` if stopped before.
Task<Status> sleep_for(Executor& executor, Duration span, std::stop_token stop = {});

// Lets everything else that is ready on this loop go first: for long computations, every few hundred microseconds.
Task<void> yield_to_others(Executor& executor);

// Runs `work` on the blocking pool and gives its value back on this loop. `work` is a plain function object.
template <class Work>
auto run_blocking(BlockingPool& pool, Executor& executor, Work work) -> Task<decltype(work())>;

}  // namespace distributary

#include "io/run_blocking.h"  // the template's body
