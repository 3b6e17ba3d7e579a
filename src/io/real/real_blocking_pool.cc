#include "io/real/real_blocking_pool.h"

namespace distributary {

RealBlockingPool::RealBlockingPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work_until_stopped(); });
}

RealBlockingPool::~RealBlockingPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void RealBlockingPool::run(Executor& executor, std::function<void()> work, Executor::Callback done) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back({&executor, std::move(work), std::move(done)});
  }
  changed_.notify_one();
}

void RealBlockingPool::work_until_stopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    job.work = nullptr;  // before the loop may go on and destroy what it refers to
    job.executor->post_from_any_thread(std::move(job.done));
    lock.lock();
  }
}

}  // namespace distributary
