#include "io/sim/sim_random.h"

#include <bit>

#include "base/checksum.h"

namespace distributary {

namespace {
// splitmix64: spreads a seed over the generator's state.
uint64_t spread(uint64_t& seed) {
  seed += 0x9e3779b97f4a7c15;
  uint64_t z = seed;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
}  // namespace

SimRandom::SimRandom(uint64_t seed) {
  for (uint64_t& word : state_) word = spread(seed);
}

SimRandom::SimRandom(uint64_t seed, std::string_view part) : SimRandom(seed ^ hash128(as_bytes(part)).low) {}

uint64_t SimRandom::draw() {
  uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SimRandom::fill(MutableBytes out) {
  for (size_t at = 0; at < out.size(); at += sizeof(uint64_t)) {
    uint64_t word = draw();
    std::memcpy(out.data() + at, &word, std::min(sizeof word, out.size() - at));
  }
}

bool chance(Random& random, double probability) {
  if (probability <= 0) return false;  // draws nothing: a fault that is off does not change the run
  return static_cast<double>(random.next() >> 11) * 0x1.0p-53 < probability;
}

Duration random_between(Random& random, Duration low, Duration high) {
  if (high <= low) return low;
  return low + Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>((high - low).count()) + 1)));
}

}  // namespace distributary
