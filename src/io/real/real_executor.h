// The event loop of one shard on Boost.Asio (epoll). Asio itself stays in the .cc files of io/real: it is slow to
// compile.
//
// Threads: `run` makes the calling thread the loop's thread; only `post_from_any_thread` and `stop` may be called on
// others. Ownership: outlives everything that uses it; callbacks that have not run when it goes are dropped.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "io/executor.h"
#include "io/task_scope.h"

namespace boost::asio {
class io_context;
}

namespace distributary {

class RealExecutor final : public Executor {
 public:
  RealExecutor();
  ~RealExecutor() override;

  Clock& clock() override;
  void post(Callback callback) override;
  void post_from_any_thread(Callback callback) override;
  TimerId call_at(SteadyTime when, Callback callback) override;
  void cancel_timer(TimerId timer) override;

  // Runs the loop until `stop`. May be called again afterwards.
  void run();
  void stop();
  // Runs what is ready, without waiting: before things that were closed are destroyed, so that their ends are seen.
  void drain();
  // Runs the loop until `task` has ended; gives its value.
  template <class T>
  T run(Task<T> task);

  // Calls `callback` on the loop for each of these signals of the process (SIGTERM, SIGINT), instead of what they do
  // otherwise, as long as the executor lives. One executor of a process may do this.
  void on_signals(const std::vector<int>& signals, std::function<void(int)> callback);

  boost::asio::io_context& context();  // for io/real only

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

namespace real_detail {
template <class T>
Task<void> run_and_stop(Task<T> task, std::optional<T>& into, RealExecutor& executor) {
  T value = co_await task;
  into.emplace(std::move(value));
  executor.stop();
}
inline Task<void> run_and_stop(Task<void> task, RealExecutor& executor) {
  co_await task;
  executor.stop();
}
}  // namespace real_detail

template <class T>
T RealExecutor::run(Task<T> task) {
  TaskScope scope(*this);
  if constexpr (std::is_void_v<T>) {
    scope.spawn(real_detail::run_and_stop(std::move(task), *this));
    if (scope.size() > 0) run();  // else it has ended at once, and `stop` came before `run`
  } else {
    std::optional<T> value;
    scope.spawn(real_detail::run_and_stop<T>(std::move(task), value, *this));
    if (scope.size() > 0) run();
    return std::move(*value);
  }
}

}  // namespace distributary
