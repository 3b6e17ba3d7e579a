#include "io/signal.h"

#include "base/check.h"

namespace distributary {

Signal::~Signal() { CHECK(head_ == nullptr); }

void Signal::notify_all() {
  while (head_ != nullptr) head_->finish(std::nullopt);
}

Signal::Waiter::~Waiter() {
  if (alive_) *alive_ = nullptr;
  on_stop_.reset();
  if (state_ == State::waiting) {
    unlink();
    disarm();
  }
}

bool Signal::Waiter::await_suspend(std::coroutine_handle<> handle) {
  if (stop_.stop_requested()) {
    outcome_ = ErrorCode::cancelled;
    return false;
  }
  handle_ = handle;
  state_ = State::waiting;
  previous_ = signal_.tail_;
  (signal_.tail_ != nullptr ? signal_.tail_->next_ : signal_.head_) = this;
  signal_.tail_ = this;
  if (deadline_ != kNever) {
    timer_ = signal_.executor_.call_at(deadline_, [this] {
      timer_ = 0;
      finish(ErrorCode::timed_out);
    });
  }
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
  return true;
}

void Signal::Waiter::finish(std::optional<ErrorCode> outcome) {
  if (state_ != State::waiting) return;
  unlink();
  disarm();
  outcome_ = outcome;
  state_ = State::resuming;
  alive_ = std::make_shared<Waiter*>(this);
  signal_.executor_.post([alive = alive_] {
    if (Waiter* waiter = *alive) {
      waiter->state_ = State::done;
      waiter->handle_.resume();
    }
  });
}

void Signal::Waiter::unlink() {
  (previous_ != nullptr ? previous_->next_ : signal_.head_) = next_;
  (next_ != nullptr ? next_->previous_ : signal_.tail_) = previous_;
  next_ = previous_ = nullptr;
}

void Signal::Waiter::disarm() {
  if (timer_ != 0) signal_.executor_.cancel_timer(std::exchange(timer_, 0));
}

Status Signal::Waiter::await_resume() {
  if (!outcome_) return {};
  if (*outcome_ == ErrorCode::timed_out) return fail(ErrorCode::timed_out, "the deadline passed");
  return fail(ErrorCode::cancelled, "stopped");
}

}  // namespace distributary
