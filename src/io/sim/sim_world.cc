#include "io/sim/sim_world.h"

namespace distributary {

struct SimWorld::Incarnation {
  Incarnation(SimWorld& sim, SimDisk& disk, const std::string& host, int number)
      : random(sim.seed_, "node " + host + " " + std::to_string(number)),
        pool_random(sim.seed_, "pool " + host + " " + std::to_string(number)),
        blocking(pool_random, std::chrono::microseconds(500)),
        network(sim.network_, host),
        files(disk, sim.executor_),
        world{sim.executor_, blocking, network, files, random} {}
  SimRandom random;
  SimRandom pool_random;
  SimBlockingPool blocking;
  SimHostNetwork network;
  SimFileSystem files;
  World world;
};

struct SimWorld::Host {
  Host(uint64_t seed, const std::string& name) : disk(seed, name) {}
  SimDisk disk;
  bool running = false;
  std::vector<std::unique_ptr<Incarnation>> incarnations;  // the last one may be running
};

SimWorld::SimWorld(uint64_t seed)
    : seed_(seed), random_(seed, "test"), crash_random_(seed, "crashes"), network_(executor_, seed) {}

SimWorld::~SimWorld() = default;

void SimWorld::add_host(const std::string& name, std::optional<PeerIdentity> identity) {
  network_.add_host(name, std::move(identity));
  hosts_.emplace(name, std::make_unique<Host>(seed_, name));
}

SimWorld::Host& SimWorld::host(const std::string& name) {
  auto found = hosts_.find(name);
  CHECK(found != hosts_.end());
  return *found->second;
}

World& SimWorld::start(const std::string& name) {
  Host& started = host(name);
  CHECK(!started.running);
  started.running = true;
  int number = static_cast<int>(started.incarnations.size()) + 1;
  started.incarnations.push_back(std::make_unique<Incarnation>(*this, started.disk, name, number));
  return started.incarnations.back()->world;
}

bool SimWorld::running(const std::string& name) const {
  auto found = hosts_.find(name);
  return found != hosts_.end() && found->second->running;
}

void SimWorld::kill(const std::string& name) {
  Host& killed = host(name);
  CHECK(killed.running);
  killed.running = false;
  killed.disk.crash(crash_random_);
  killed.incarnations.back()->network.kill();
}

void SimWorld::kill_process(const std::string& name) {
  Host& killed = host(name);
  CHECK(killed.running);
  killed.running = false;
  killed.disk.close_all();
  killed.incarnations.back()->network.kill();
}

SimDisk& SimWorld::disk(const std::string& name) { return host(name).disk; }

}  // namespace distributary
