// The world of one node: everything outside the program that it may touch. Passed by reference; outlives the node.
#pragma once

#include "io/executor.h"
#include "io/file_system.h"
#include "io/network.h"
#include "io/random.h"

namespace distributary {

struct World {
  Executor& executor;
  BlockingPool& blocking;
  Network& network;
  FileSystem& files;
  Random& random;

  Clock& clock() const { return executor.clock(); }
};

}  // namespace distributary
