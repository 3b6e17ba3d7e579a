// Randomness: the kernel's (io/real) or a seeded generator (io/sim).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/uuid.h"

namespace distributary {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;

  uint64_t next() {
    uint64_t value = 0;
    fill({reinterpret_cast<uint8_t*>(&value), sizeof value});
    return value;
  }
  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  Uuid uuid() {
    std::array<uint8_t, 16> bytes{};
    fill(bytes);
    return Uuid::from_random(bytes);
  }
};

}  // namespace distributary
