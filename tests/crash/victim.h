// Victim: the process that is killed. Opens the stream, says what it finds, then works on it as fast as it can, saying
// before each step what it is about to do and afterwards what was acknowledged.
#pragma once

#include <cstdint>
#include <string>

namespace distributary::crash {

struct VictimOrders {
  std::string directory;
  uint64_t seed = 0;
  uint64_t process = 0;    // the how-manieth on this directory, from 1
  int64_t chain_lsn = 0;   // of which to tell the chain hash; 0: none
  bool only_look = false;  // ends after a clean close instead of going to work
  int pipe = -1;
};

// Runs until killed; with `only_look` gives the exit status.
int run_victim(const VictimOrders& orders);

}  // namespace distributary::crash
