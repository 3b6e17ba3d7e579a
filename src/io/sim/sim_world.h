// A whole simulated world from one seed: an executor, a network, and for each host a disk. The nodes that are run in it
// get a World; a node that is killed can be started again on the same disk and host name.
//
//   SimWorld sim(seed);
//   sim.add_host("a1");
//   World& world = sim.start("a1");
//   ... run a node with `world`, sim.executor().run(...) ...
//   sim.kill("a1");           // power failure: disk and connections
//   ... stop and join the dead node's tasks (all their I/O fails), destroy it ...
//   World& again = sim.start("a1");
//
// Ownership: outlives all nodes. The World of a dead incarnation stays valid until the SimWorld goes, as tasks may
// still end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/sim/sim_disk.h"
#include "io/sim/sim_executor.h"
#include "io/sim/sim_file_system.h"
#include "io/sim/sim_network.h"
#include "io/world.h"

namespace distributary {

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);
  ~SimWorld();

  void add_host(const std::string& host, std::optional<PeerIdentity> identity = std::nullopt);
  // A new incarnation of the node on `host`, which must not be running.
  World& start(const std::string& host);
  bool running(const std::string& host) const;
  // Power failure, see SimDisk::crash and SimHostNetwork::kill.
  void kill(const std::string& host);
  // The process ends, on purpose or not, but the machine does not: connections are reset, files and listeners closed,
  // and nothing written is lost (yet: a later power failure may still take what was not synced).
  void kill_process(const std::string& host);

  SimExecutor& executor() { return executor_; }
  SimNetwork& network() { return network_; }
  SimRandom& random() { return random_; }  // for the test's own decisions
  SimDisk& disk(const std::string& host);
  uint64_t seed() const { return seed_; }

 private:
  struct Incarnation;
  struct Host;
  Host& host(const std::string& name);

  uint64_t seed_;
  SimExecutor executor_;
  SimRandom random_;
  SimRandom crash_random_;
  SimNetwork network_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
};

}  // namespace distributary
