#include "io/sim/sim_network.h"

#include <algorithm>

#include "io/sim/sim_wire.h"

namespace distributary {

SimNetwork::SimNetwork(SimExecutor& executor, uint64_t seed)
    : executor_(executor), random_(seed, "network"), changed_(executor) {}

void SimNetwork::add_host(const std::string& host, std::optional<PeerIdentity> identity) {
  CHECK(!hosts_.contains(host));
  hosts_.emplace(host, std::move(identity));
}

void SimNetwork::set_link(const std::string& from, const std::string& to, SimNetworkSettings settings) {
  links_[{from, to}] = settings;
}

const SimNetworkSettings& SimNetwork::link(const std::string& from, const std::string& to) const {
  auto found = links_.find({from, to});
  return found == links_.end() ? settings : found->second;
}

Duration SimNetwork::delay(const std::string& from, const std::string& to) {
  const SimNetworkSettings& settings = link(from, to);
  return random_between(random_, settings.min_delay, settings.max_delay);
}

std::vector<std::shared_ptr<SimWire>> SimNetwork::live_wires() {
  std::vector<std::shared_ptr<SimWire>> live;
  std::erase_if(wires_, [&](const std::weak_ptr<SimWire>& weak) {
    std::shared_ptr<SimWire> wire = weak.lock();
    if (wire) live.push_back(std::move(wire));
    return weak.expired();
  });
  return live;
}

size_t SimNetwork::open_connections() const {
  return static_cast<size_t>(std::count_if(wires_.begin(), wires_.end(), [](const std::weak_ptr<SimWire>& weak) {
    std::shared_ptr<SimWire> wire = weak.lock();
    return wire && !wire->done();
  }));
}

void SimNetwork::cut_one_way(const std::string& from, const std::string& to) { cuts_.emplace(from, to); }

void SimNetwork::cut(const std::string& a, const std::string& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void SimNetwork::isolate(const std::string& host) {
  for (const auto& [other, identity] : hosts_) {
    if (other != host) cut(host, other);
  }
}

void SimNetwork::heal(const std::string& a, const std::string& b) {
  cuts_.erase({a, b});
  cuts_.erase({b, a});
  for (const std::shared_ptr<SimWire>& wire : live_wires()) wire->links_changed();
  changed_.notify_all();
}

void SimNetwork::heal_all() {
  cuts_.clear();
  for (const std::shared_ptr<SimWire>& wire : live_wires()) wire->links_changed();
  changed_.notify_all();
}

void SimNetwork::cut_all_connections(const std::string& host) {
  for (const std::shared_ptr<SimWire>& wire : live_wires()) {
    for (int end : {0, 1}) {
      if (wire->end(end).host == host) wire->reset_from(end);
    }
  }
}

void SimNetwork::cut_one_connection(const std::string& a, const std::string& b) {
  std::vector<std::shared_ptr<SimWire>> between = live_wires();
  std::erase_if(between, [&](const std::shared_ptr<SimWire>& wire) {
    const std::string& from = wire->end(0).host;
    const std::string& to = wire->end(1).host;
    return wire->done() || !((from == a && to == b) || (from == b && to == a));
  });
  if (!between.empty()) between[random_.below(between.size())]->reset_from(0);
}

// --- one host's view ---

SimHostNetwork::SimHostNetwork(SimNetwork& network, std::string host) : network_(network), host_(std::move(host)) {
  CHECK(network_.hosts_.contains(host_));
}

SimHostNetwork::~SimHostNetwork() { kill(); }

void SimHostNetwork::kill() {
  if (!alive_) return;
  alive_ = false;
  while (!listeners_.empty()) listeners_.back()->close();
  for (const std::shared_ptr<SimWire>& wire : network_.live_wires()) {
    for (int end : {0, 1}) {
      if (wire->end(end).node == this) wire->reset_from(end);
    }
  }
  network_.changed_.notify_all();
}

Status SimHostNetwork::check_alive() const {
  if (alive_) return {};
  return fail(ErrorCode::cancelled, "the simulated host " + host_ + " was killed");
}

namespace {
bool means_here(const std::string& host) {
  return host.empty() || host == "localhost" || host == "127.0.0.1" || host == "0.0.0.0" || host == "::" ||
         host == "::1";
}
}  // namespace

Result<std::unique_ptr<Listener>> SimHostNetwork::listen(Address at, const TlsIdentity* identity) {
  TRY_STATUS(check_alive());
  if (!means_here(at.host) && at.host != host_) {
    return fail(ErrorCode::unavailable, "listen on " + to_string(at) + ": not an address of " + host_);
  }
  uint16_t& last = network_.last_port_[host_];
  for (uint16_t port = at.port; port == 0;) {
    last = last < 49152 ? 49152 : static_cast<uint16_t>(last + 1);
    if (!network_.listeners_.contains({host_, last})) port = at.port = last;
  }
  if (network_.listeners_.contains({host_, at.port})) {
    return fail(ErrorCode::unavailable, "listen on " + to_string(at) + ": address already in use");
  }
  return std::make_unique<SimListener>(*this, network_, at.port, identity != nullptr);
}

// One packet's way: waits while the link is cut.
Task<Status> SimHostNetwork::travel(std::string from, std::string to, SteadyTime deadline, std::stop_token stop) {
  SteadyTime arrival = network_.executor_.now() + network_.delay(from, to);
  while (true) {
    CO_TRY_STATUS(check_alive());
    SteadyTime now = network_.executor_.now();
    bool cut = network_.is_cut(from, to);
    if (now >= deadline) co_return fail(ErrorCode::timed_out, "the deadline passed");
    if (!cut && now >= arrival) co_return Status{};
    SteadyTime until = cut ? deadline : std::min(deadline, arrival);
    Status waited = co_await network_.changed_.wait(until, stop);
    if (!waited && waited.error().code == ErrorCode::cancelled) co_return waited;
  }
}

Task<Result<std::unique_ptr<Connection>>> SimHostNetwork::connect(Address to, const TlsIdentity* identity,
                                                                  SteadyTime deadline, std::stop_token stop) {
  std::string what = (identity != nullptr ? "connect with TLS to " : "connect to ") + to_string(to);
  std::string there = means_here(to.host) ? host_ : to.host;
  if (!network_.hosts_.contains(there)) co_return fail(ErrorCode::unavailable, what + ": no such host");
  Status travelled = co_await travel(host_, there, deadline, stop);
  if (!travelled) co_return fail(travelled.error().context(what));

  auto found = network_.listeners_.find({there, to.port});
  SimListener* listener = found == network_.listeners_.end() ? nullptr : found->second;
  std::unique_ptr<Connection> ours;
  std::string refusal;
  if (listener == nullptr) {
    refusal = "connection refused";
  } else if (listener->full()) {
    refusal = "too many connections wait to be accepted";
  } else if (identity != nullptr && (!listener->tls() || !network_.hosts_[host_] || !network_.hosts_[there])) {
    refusal = "the TLS handshake failed";
  } else {
    uint16_t port = static_cast<uint16_t>(32768 + network_.random_.below(16384));
    SimWire::End near{host_, port, this};
    SimWire::End far{there, to.port, &listener->node()};
    auto wire = std::make_shared<SimWire>(network_, near, far);
    network_.wires_.push_back(wire);
    bool tls = identity != nullptr;
    ours = std::make_unique<SimConnection>(wire, 0, tls ? network_.hosts_[there] : std::nullopt);
    auto theirs = std::make_unique<SimConnection>(wire, 1, tls ? network_.hosts_[host_] : std::nullopt);
    if (tls == listener->tls()) {
      listener->offer(std::move(theirs));
    } else {
      wire->reset_from(1);  // plaintext to a TLS listener: it hangs up at the first bytes
    }
  }
  travelled = co_await travel(there, host_, deadline, stop);
  if (!travelled) co_return fail(travelled.error().context(what));
  if (!refusal.empty()) co_return fail(ErrorCode::unavailable, what + ": " + refusal);
  co_return ours;
}

}  // namespace distributary
