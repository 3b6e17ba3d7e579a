// BackOff: how long to wait before the next try: twice as long each time up to a limit, with jitter so that many do not
// try at the same instant.
#pragma once

#include <algorithm>

#include "base/time.h"
#include "io/random.h"

namespace distributary {

class BackOff {
 public:
  BackOff(Random& random, Duration min, Duration max) : random_(random), min_(min), max_(max), span_(min) {}

  // Between a half and the whole of the present span.
  Duration next() {
    Duration span = span_;
    span_ = std::min(max_, span_ * 2);
    Duration half = span / 2;
    return half + Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(half.count()) + 1)));
  }
  void reset() { span_ = min_; }

 private:
  Random& random_;
  Duration min_;
  Duration max_;
  Duration span_;
};

}  // namespace distributary
