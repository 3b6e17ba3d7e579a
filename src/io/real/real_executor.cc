#include "io/real/real_executor.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <unordered_map>

namespace distributary {

namespace asio = boost::asio;

namespace {
class RealClock final : public Clock {
 public:
  SteadyTime now() override { return std::chrono::steady_clock::now(); }
  WallMillis wall_now() override {
    auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  }
};
}  // namespace

// Asio's handlers are destroyed with its context and may still come back to our queues: those are declared first.
struct RealExecutor::Core {
  RealClock clock;

  // Posted callbacks: a queue of our own, emptied by one handler of Asio, so that a post takes no lock.
  std::deque<Callback> ready;
  bool emptying = false;

  // Timers: all of ours in order, one of Asio's for the first of them.
  std::map<std::pair<SteadyTime, TimerId>, Callback> timers;
  std::unordered_map<TimerId, SteadyTime> timer_times;
  TimerId last_timer = 0;
  SteadyTime armed_for = kNever;
  std::function<void(int)> on_signal;

  asio::io_context context{1};
  asio::steady_timer alarm{context};
  std::optional<asio::signal_set> signals;

  void schedule_ready() {
    if (emptying) return;
    emptying = true;
    asio::post(context, [this] { run_ready(); });
  }
  void run_ready();
  void arm();
  void fire();
  void wait_for_signal();
};

void RealExecutor::Core::run_ready() {
  // Only those that are there now: sockets and timers get their turn between rounds.
  for (size_t count = ready.size(); count > 0; --count) {
    Callback callback = std::move(ready.front());
    ready.pop_front();
    callback();
  }
  emptying = false;
  if (!ready.empty()) schedule_ready();
}

void RealExecutor::Core::arm() {
  if (timers.empty()) return;
  SteadyTime first = timers.begin()->first.first;
  if (first >= armed_for) return;  // it wakes early enough, and finds what is due
  armed_for = first;
  alarm.expires_at(first);
  alarm.async_wait([this](const boost::system::error_code& error) {
    if (!error) fire();
  });
}

void RealExecutor::Core::fire() {
  armed_for = kNever;
  SteadyTime now = clock.now();
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto first = timers.begin();
    Callback callback = std::move(first->second);
    timer_times.erase(first->first.second);
    timers.erase(first);
    callback();
  }
  arm();
}

void RealExecutor::Core::wait_for_signal() {
  signals->async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    on_signal(number);
    wait_for_signal();
  });
}

RealExecutor::RealExecutor() : core_(std::make_unique<Core>()) {}

RealExecutor::~RealExecutor() {
  // What callbacks hold may be destroyed with them and cancel timers or post: the queues go first, while all is there.
  while (!core_->ready.empty() || !core_->timers.empty()) {
    std::deque<Callback> ready = std::move(core_->ready);
    auto timers = std::move(core_->timers);
    core_->ready.clear();
    core_->timers.clear();
    core_->timer_times.clear();
  }
}

Clock& RealExecutor::clock() { return core_->clock; }
asio::io_context& RealExecutor::context() { return core_->context; }

void RealExecutor::post(Callback callback) {
  core_->ready.push_back(std::move(callback));
  core_->schedule_ready();
}

void RealExecutor::post_from_any_thread(Callback callback) { asio::post(core_->context, std::move(callback)); }

Executor::TimerId RealExecutor::call_at(SteadyTime when, Callback callback) {
  TimerId id = ++core_->last_timer;
  core_->timers.emplace(std::pair(when, id), std::move(callback));
  core_->timer_times.emplace(id, when);
  core_->arm();
  return id;
}

void RealExecutor::cancel_timer(TimerId timer) {
  auto found = core_->timer_times.find(timer);
  if (found == core_->timer_times.end()) return;
  auto place = core_->timers.find({found->second, timer});
  Callback dropped = std::move(place->second);  // destroyed last: it may come back here
  core_->timers.erase(place);
  core_->timer_times.erase(found);
}

void RealExecutor::run() {
  auto work = asio::make_work_guard(core_->context);
  core_->context.restart();
  core_->context.run();
}

void RealExecutor::stop() { core_->context.stop(); }

void RealExecutor::drain() {
  core_->context.restart();
  core_->context.poll();
}

void RealExecutor::on_signals(const std::vector<int>& signals, std::function<void(int)> callback) {
  core_->on_signal = std::move(callback);
  core_->signals.emplace(core_->context);
  for (int number : signals) core_->signals->add(number);
  core_->wait_for_signal();
}

}  // namespace distributary
