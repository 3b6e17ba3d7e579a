// Randomness of a simulation: a generator (xoshiro256**) that gives the same sequence for the same seed on every
// machine.
//
// Each part of a simulation draws from a generator of its own, derived from the seed and the part's name, so that one
// part's draws do not shift another's. Threads: one at a time.
#pragma once

#include <array>
#include <string_view>

#include "base/time.h"
#include "io/random.h"

namespace distributary {

class SimRandom final : public Random {
 public:
  explicit SimRandom(uint64_t seed);
  SimRandom(uint64_t seed, std::string_view part);
  void fill(MutableBytes out) override;

 private:
  uint64_t draw();
  std::array<uint64_t, 4> state_;
};

bool chance(Random& random, double probability);
// Uniform in [low, high]; `low` when high is not above it.
Duration random_between(Random& random, Duration low, Duration high);

}  // namespace distributary
