// Inside of the simulated network: the two directions of one connection, and its two ends.
#pragma once

#include <deque>
#include <string>

#include "io/sim/sim_network.h"

namespace distributary {

// Shared by both ends; deliveries under way hold it weakly.
class SimWire : public std::enable_shared_from_this<SimWire> {
 public:
  struct End {
    std::string host;
    uint16_t port = 0;
    const SimHostNetwork* node = nullptr;
  };
  // Ends: 0 has connected, 1 has listened. Direction i runs from end i to the other one.
  SimWire(SimNetwork& network, End connector, End listener);

  Task<Result<size_t>> read_some(int end, MutableBytes into, SteadyTime deadline, std::stop_token stop);
  Task<Status> write(int end, std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop);
  void close(int end);
  // The connection breaks at `end`; the other side learns of it when the link lets it.
  void reset_from(int end);
  void links_changed();
  bool done() const { return closed_[0] && closed_[1]; }
  const End& end(int index) const { return ends_[index]; }
  Duration round_trip() const;

 private:
  enum class Mark { none, end, reset };
  struct Piece {
    SteadyTime at;
    std::vector<uint8_t> bytes;
    Mark mark = Mark::none;
  };
  struct Direction {
    explicit Direction(Executor& executor) : readable(executor), writable(executor) {}
    std::deque<Piece> under_way;
    std::vector<uint8_t> arrived;  // from `taken` on not read yet
    size_t taken = 0;
    size_t held = 0;  // bytes under way or not read
    SteadyTime last{};
    bool ended = false;  // the end mark has arrived
    Signal readable;
    Signal writable;
  };
  void send(int direction, std::vector<uint8_t> bytes, Mark mark);
  void schedule(int direction, SteadyTime at);
  void deliver(int direction);
  void arrive(int direction, Piece piece);
  void wake_all();
  Status usable(int end) const;
  ByteView take(Direction& from, size_t limit);
  std::vector<uint8_t> gather(std::span<const ByteView> pieces, size_t from, size_t count) const;

  SimNetwork& network_;
  End ends_[2];
  Direction directions_[2];
  bool closed_[2] = {false, false};
  bool reset_[2] = {false, false};  // this end has learnt that the connection broke
};

class SimConnection final : public Connection {
 public:
  SimConnection(std::shared_ptr<SimWire> wire, int end, std::optional<PeerIdentity> peer);
  ~SimConnection() override { close(); }
  Task<Result<size_t>> read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) override;
  Task<Status> write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) override;
  bool sends_files() const override { return true; }
  void close() override { wire_->close(end_); }
  std::string peer_address() const override;
  const std::optional<PeerIdentity>& peer_identity() const override { return peer_; }
  Duration round_trip() const override { return wire_->round_trip(); }
  void tune_for_distance() override {}

 private:
  std::shared_ptr<SimWire> wire_;
  int end_;
  std::optional<PeerIdentity> peer_;
};

class SimListener final : public Listener {
 public:
  static constexpr size_t kBacklog = 128;

  SimListener(SimHostNetwork& node, SimNetwork& network, uint16_t port, bool tls);
  ~SimListener() override;
  Task<Result<std::unique_ptr<Connection>>> accept(std::stop_token stop) override;
  uint16_t port() const override { return port_; }
  void close() override;

  bool tls() const { return tls_; }
  bool full() const { return waiting_.size() >= kBacklog; }
  const SimHostNetwork& node() const { return node_; }
  void offer(std::unique_ptr<Connection> connection);

 private:
  SimHostNetwork& node_;
  SimNetwork& network_;
  uint16_t port_;
  bool tls_;
  bool closed_ = false;
  std::deque<std::unique_ptr<Connection>> waiting_;
  Signal arrived_;
};

}  // namespace distributary
