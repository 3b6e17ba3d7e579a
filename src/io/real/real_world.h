// The real world of one shard: an executor and all that belongs to it (io/world.h).
#pragma once

#include <memory>

#include "io/real/real_blocking_pool.h"
#include "io/real/real_executor.h"
#include "io/real/real_file_system.h"
#include "io/world.h"

namespace distributary {

class RealWorld {
 public:
  virtual ~RealWorld() = default;  // what uses it has ended before
  virtual World& world() = 0;
  virtual RealExecutor& executor() = 0;
};

std::unique_ptr<RealWorld> make_real_world(int blocking_threads = RealBlockingPool::kDefaultThreads,
                                           int read_threads = RealBlockingPool::kReadThreads);

}  // namespace distributary
