#include "broker/byte_budget.h"

#include <algorithm>

namespace distributary {

void ByteBudget::Share::settle(size_t bytes) {
  if (from_ == nullptr || bytes == bytes_) return;
  if (bytes > bytes_) {
    from_->used_ += bytes - bytes_;
  } else {
    from_->give_back(bytes_ - bytes);
  }
  bytes_ = bytes;
}

ByteBudget::Share ByteBudget::Share::split(size_t bytes) {
  if (from_ == nullptr) return {};
  const size_t part = std::min(bytes, bytes_);
  bytes_ -= part;
  return Share(*from_, part);
}

ByteBudget::Waiter::~Waiter() {
  if (granted) {
    if (!taken) budget.give_back(bytes);
    return;
  }
  std::erase(budget.row_, this);
  budget.call_next();  // a large one may have held up smaller ones
}

Task<Result<ByteBudget::Share>> ByteBudget::take(size_t bytes, std::stop_token stop, SteadyTime deadline) {
  if (row_.empty() && fits(bytes)) {
    used_ += bytes;
    co_return Share(*this, bytes);
  }
  Waiter waiter(*this, bytes);
  while (!waiter.granted) {
    CO_TRY_STATUS(co_await waiter.called.wait(deadline, stop));
  }
  waiter.taken = true;
  co_return Share(*this, bytes);
}

bool ByteBudget::try_grow(Share& share, size_t bytes) {
  if (!row_.empty() || !fits(bytes)) return false;
  share.settle(share.bytes() + bytes);
  return true;
}

void ByteBudget::give_back(size_t bytes) {
  used_ -= bytes;
  call_next();
}

void ByteBudget::call_next() {
  while (!row_.empty() && fits(row_.front()->bytes)) {
    Waiter* next = row_.front();
    row_.pop_front();
    used_ += next->bytes;
    next->granted = true;
    next->called.notify_all();
  }
}

}  // namespace distributary
