// What goes wrong in a simulated run.
#include "sim/simulation.h"

namespace distributary::sim {

Task<void> Simulation::break_things() {
  TaskScope mending(sim_.executor());
  while (breaking_) {
    co_await pause(std::chrono::milliseconds(2500));
    if (!breaking_) break;
    ++faults_;
    SimCluster& victim = random(2) == 0 ? source_ : replica_;
    switch (random(5)) {
      case 0:
      case 1:
        if (victim.running()) mending.spawn(kill_and_restart(victim, some_death()));
        break;
      case 2: mending.spawn(cut_for_a_while()); break;
      case 3: sim_.network().cut_one_connection("sf", "ny"); break;
      case 4: sim_.network().cut_all_connections(victim.host()); break;
    }
  }
  co_await mending.join();
}

// A stream that is acknowledged from the page cache outlives all but the loss of power.
SimCluster::Death Simulation::some_death() {
  if (!async_ && random(3) == 0) return SimCluster::Death::power;
  return random(2) == 0 ? SimCluster::Death::process : SimCluster::Death::in_order;
}

Task<void> Simulation::kill_and_restart(SimCluster& cluster, SimCluster::Death death) {
  ++under_way_;
  co_await cluster.kill(death);
  co_await pause(std::chrono::milliseconds(1500));
  co_await restart(cluster);
  --under_way_;
}

Task<void> Simulation::restart(SimCluster& cluster) {
  Status started = co_await cluster.start();
  if (!started) broken("a node did not start again: " + started.error().message);
}

Task<void> Simulation::cut_for_a_while() {
  ++under_way_;
  bool both = random(2) == 0;
  sim_.network().cut_one_way("sf", "ny");
  if (both) sim_.network().cut_one_way("ny", "sf");
  co_await pause(std::chrono::milliseconds(4000));
  sim_.network().heal("sf", "ny");
  --under_way_;
}

}  // namespace distributary::sim
