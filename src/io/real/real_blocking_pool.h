// A few threads for work that blocks (io/executor.h).
//
// Threads: `run` may be called on any. Ownership: outlived by the executors that it posts to. The destructor waits
// until all work given to it is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "io/executor.h"

namespace distributary {

class RealBlockingPool final : public BlockingPool {
 public:
  static constexpr int kDefaultThreads = 4;
  static constexpr int kReadThreads = 16;  // reads of the device that may be under way at once

  explicit RealBlockingPool(int threads = kDefaultThreads);
  ~RealBlockingPool() override;
  void run(Executor& executor, std::function<void()> work, Executor::Callback done) override;

 private:
  struct Job {
    Executor* executor;
    std::function<void()> work;
    Executor::Callback done;
  };
  void work_until_stopped();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace distributary
