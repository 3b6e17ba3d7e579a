#include "io/real/real_world.h"

#include "io/real/real_network.h"
#include "io/real/real_random.h"

namespace distributary {

namespace {

class Owner final : public RealWorld {
 public:
  Owner(int blocking_threads, int read_threads) : pool_(blocking_threads), reads_(read_threads) {}
  ~Owner() override { executor_.drain(); }
  World& world() override { return world_; }
  RealExecutor& executor() override { return executor_; }

 private:
  RealExecutor executor_;
  RealBlockingPool pool_;
  RealBlockingPool reads_;
  RealNetwork network_{executor_};
  RealFileSystem files_{executor_, pool_, reads_};
  RealRandom random_;
  World world_{executor_, pool_, network_, files_, random_};
};

}  // namespace

std::unique_ptr<RealWorld> make_real_world(int blocking_threads, int read_threads) {
  return std::make_unique<Owner>(blocking_threads, read_threads);
}

}  // namespace distributary
