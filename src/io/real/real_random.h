// The kernel's randomness, fetched a page at a time. Threads: one; each executor has its own.
#pragma once

#include <array>

#include "io/random.h"

namespace distributary {

class RealRandom final : public Random {
 public:
  void fill(MutableBytes out) override;

 private:
  std::array<uint8_t, 4096> buffer_;
  size_t used_ = sizeof buffer_;
};

}  // namespace distributary
