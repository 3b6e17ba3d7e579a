// distributary_sim --seed N | --seeds A..B [--verbose true]
//
// Runs the simulation for each seed. The same seed gives the same run. Exit status 0: everything held. A seed that
// fails is named with the command that runs it again.
#include <fmt/core.h>

#include <cstdlib>
#include <string>

#include "base/log.h"
#include "sim/simulation.h"

namespace {

bool run_seed(uint64_t seed) {
  distributary::sim::Simulation simulation(seed);
  std::vector<std::string> broken = simulation.run();
  fmt::print("seed {}: {} acknowledged, {} transactions, {} faults, {} checks{}{}\n", seed, simulation.acknowledged(),
             simulation.transactions(), simulation.faults(), simulation.checks(),
             simulation.rewritten() ? ", rewritten" : "", broken.empty() ? "" : "  FAILED");
  for (const std::string& what : broken) fmt::print("  {}\n", what);
  if (!broken.empty()) fmt::print("  again: ./x sim --seed {}\n", seed);
  std::fflush(stdout);
  return broken.empty();
}

int usage() {
  fmt::print(stderr, "usage: distributary_sim --seed N | --seeds A..B [--verbose true]\n");
  return 2;
}

}  // namespace

int main(int count, char** values) {
  uint64_t first = 0, last = 0;
  bool verbose = false;
  for (int i = 1; i + 1 < count; i += 2) {
    std::string option = values[i], value = values[i + 1];
    if (option == "--seed") {
      first = last = std::strtoull(value.c_str(), nullptr, 10);
    } else if (option == "--seeds") {
      size_t dots = value.find("..");
      if (dots == std::string::npos) return usage();
      first = std::strtoull(value.c_str(), nullptr, 10);
      last = std::strtoull(value.c_str() + dots + 2, nullptr, 10);
    } else if (option == "--verbose") {
      verbose = value == "true";
    } else {
      return usage();
    }
  }
  if (first == 0 || last < first) return usage();
  distributary::set_log_level(verbose ? distributary::LogLevel::debug : distributary::LogLevel::error);
  size_t failed = 0;
  for (uint64_t seed = first; seed <= last; ++seed) failed += !run_seed(seed);
  fmt::print("{} of {} seeds held\n", last - first + 1 - failed, last - first + 1);
  return failed == 0 ? 0 : 1;
}
