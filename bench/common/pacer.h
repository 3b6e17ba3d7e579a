// Open loop: things are due at a fixed rate, whether or not the earlier ones are done. A time that is counted from when
// something was due includes the wait for its turn.
#pragma once

#include "common/clock.h"

namespace distributary::bench {

class Pacer {
 public:
  Pacer(int64_t begin, double per_second) : begin_(begin), per_second_(per_second) {}
  int64_t due(uint64_t n) const { return begin_ + static_cast<int64_t>(static_cast<double>(n) * 1e9 / per_second_); }
  // Sleeps until the `n`-th is due; when that was.
  int64_t wait(uint64_t n) const {
    int64_t when = due(n);
    if (when > now_ns()) sleep_until_ns(when);
    return when;
  }

 private:
  int64_t begin_;
  double per_second_;
};

}  // namespace distributary::bench
