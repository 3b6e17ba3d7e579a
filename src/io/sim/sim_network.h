// The network of a simulation: named hosts, links between them that delay, cut and heal, and TCP-like connections.
//
// Bytes of one connection stay in order; all else (other connections, the two directions) is delayed independently.
// Bytes arrive in random pieces. A connection holds a bounded number of bytes that are not read yet; then writes wait.
//
// A cut link holds everything back: connects wait for their deadline, bytes and ends of connections arrive after it
// heals. A connection whose host is killed is reset: bytes under way are lost and the other side gets `closed`.
//
// TLS is only pretended: a host has a PeerIdentity, and both sides must ask for TLS or neither.
//
// Threads: the simulation's. Ownership: outlives all its views, connections and listeners.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "io/network.h"
#include "io/sim/sim_executor.h"
#include "io/sim/sim_random.h"

namespace distributary {

struct SimNetworkSettings {
  Duration min_delay = std::chrono::microseconds(50);  // one way
  Duration max_delay = std::chrono::milliseconds(2);
  size_t window = 256 * 1024;        // bytes on their way or unread, per direction
  size_t largest_piece = 64 * 1024;  // bytes that arrive together
  uint64_t bytes_per_second = 0;     // per connection and direction; 0: unlimited
  double reset_probability = 0;      // for each piece that arrives, that the connection breaks instead
};

class SimWire;
class SimListener;

// A host's view of the network during one incarnation of its node.
class SimHostNetwork final : public Network {
 public:
  SimHostNetwork(class SimNetwork& network, std::string host);
  ~SimHostNetwork() override;
  Task<Result<std::unique_ptr<Connection>>> connect(Address to, const TlsIdentity* identity, SteadyTime deadline,
                                                    std::stop_token stop) override;
  Result<std::unique_ptr<Listener>> listen(Address at, const TlsIdentity* identity) override;

  // The node dies: its connections are reset, its listeners end, and everything from here on fails with `cancelled`.
  void kill();
  bool alive() const { return alive_; }
  const std::string& host() const { return host_; }

 private:
  friend class SimListener;
  Task<Status> travel(std::string from, std::string to, SteadyTime deadline, std::stop_token stop);
  Status check_alive() const;

  SimNetwork& network_;
  std::string host_;
  bool alive_ = true;
  std::vector<SimListener*> listeners_;
};

class SimNetwork {
 public:
  SimNetwork(SimExecutor& executor, uint64_t seed);

  SimNetworkSettings settings;  // may be changed at any time
  void set_link(const std::string& from, const std::string& to, SimNetworkSettings settings);  // one direction

  // Before use, once for each host.
  void add_host(const std::string& host, std::optional<PeerIdentity> identity = std::nullopt);

  void cut(const std::string& a, const std::string& b);
  void cut_one_way(const std::string& from, const std::string& to);
  void heal(const std::string& a, const std::string& b);
  void heal_all();
  bool is_cut(const std::string& from, const std::string& to) const { return cuts_.contains({from, to}); }
  void isolate(const std::string& host);  // cuts it from all others
  // Resets every connection of the host; its listeners stay.
  void cut_all_connections(const std::string& host);
  // Resets one of those between the two, if there is one.
  void cut_one_connection(const std::string& a, const std::string& b);

  size_t open_connections() const;

 private:
  friend class SimHostNetwork;
  friend class SimWire;
  friend class SimListener;
  const SimNetworkSettings& link(const std::string& from, const std::string& to) const;
  Duration delay(const std::string& from, const std::string& to);
  std::vector<std::shared_ptr<SimWire>> live_wires();

  SimExecutor& executor_;
  SimRandom random_;
  std::map<std::string, std::optional<PeerIdentity>> hosts_;
  std::map<std::pair<std::string, std::string>, SimNetworkSettings> links_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::map<std::pair<std::string, uint16_t>, SimListener*> listeners_;
  std::map<std::string, uint16_t> last_port_;
  std::vector<std::weak_ptr<SimWire>> wires_;
  Signal changed_;  // links, and the life of nodes
};

}  // namespace distributary
