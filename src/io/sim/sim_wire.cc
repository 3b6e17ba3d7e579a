#include "io/sim/sim_wire.h"

#include <algorithm>

namespace distributary {

SimWire::SimWire(SimNetwork& network, End connector, End listener)
    : network_(network),
      ends_{std::move(connector), std::move(listener)},
      directions_{Direction(network.executor_), Direction(network.executor_)} {}

// There and back by mean delays.
Duration SimWire::round_trip() const {
  const SimNetworkSettings& there = network_.link(ends_[0].host, ends_[1].host);
  const SimNetworkSettings& back = network_.link(ends_[1].host, ends_[0].host);
  return (there.min_delay + there.max_delay + back.min_delay + back.max_delay) / 2;
}

// --- sending ---

void SimWire::schedule(int direction, SteadyTime at) {
  network_.executor_.call_at(at, [wire = weak_from_this(), direction] {
    if (std::shared_ptr<SimWire> self = wire.lock()) self->deliver(direction);
  });
}

void SimWire::send(int direction, std::vector<uint8_t> bytes, Mark mark) {
  const End& from = ends_[direction];
  const End& to = ends_[1 - direction];
  Direction& way = directions_[direction];
  SteadyTime now = network_.executor_.now();
  SteadyTime at = std::max(way.last, now + network_.delay(from.host, to.host));
  uint64_t rate = network_.link(from.host, to.host).bytes_per_second;
  if (rate > 0) at += std::chrono::nanoseconds(bytes.size() * 1'000'000'000 / rate);
  way.last = at;
  way.held += bytes.size();
  way.under_way.push_back({at, std::move(bytes), mark});
  schedule(direction, at);
}

void SimWire::deliver(int direction) {
  if (network_.is_cut(ends_[direction].host, ends_[1 - direction].host)) return;  // links_changed comes back to it
  Direction& way = directions_[direction];
  SteadyTime now = network_.executor_.now();
  while (!way.under_way.empty() && way.under_way.front().at <= now) {
    Piece piece = std::move(way.under_way.front());
    way.under_way.pop_front();
    arrive(direction, std::move(piece));
  }
}

void SimWire::arrive(int direction, Piece piece) {
  Direction& way = directions_[direction];
  int receiver = 1 - direction;
  const SimNetworkSettings& link = network_.link(ends_[direction].host, ends_[receiver].host);
  if (piece.mark == Mark::none && chance(network_.random_, link.reset_probability)) {
    reset_from(direction);
    reset_from(receiver);
    return;
  }
  if (closed_[receiver]) return;
  way.arrived.insert(way.arrived.end(), piece.bytes.begin(), piece.bytes.end());
  if (piece.mark == Mark::end) way.ended = true;
  if (piece.mark == Mark::reset) {
    reset_[receiver] = true;
    // What had arrived may still be read, or not.
    if (chance(network_.random_, 0.5)) way.arrived.clear(), way.taken = 0;
  }
  way.readable.notify_all();
  if (piece.mark != Mark::none) directions_[receiver].writable.notify_all();
}

void SimWire::links_changed() {
  for (int direction : {0, 1}) {
    const std::string& from = ends_[direction].host;
    const std::string& to = ends_[1 - direction].host;
    if (directions_[direction].under_way.empty() || network_.is_cut(from, to)) continue;
    schedule(direction, network_.executor_.now() + network_.delay(from, to));
  }
}

// --- the end of a connection ---

void SimWire::wake_all() {
  for (Direction& way : directions_) {
    way.readable.notify_all();
    way.writable.notify_all();
  }
}

void SimWire::close(int end) {
  if (closed_[end]) return;
  closed_[end] = true;
  if (!reset_[end]) send(end, {}, Mark::end);
  directions_[end].writable.notify_all();
  directions_[1 - end].readable.notify_all();
}

void SimWire::reset_from(int end) {
  if (reset_[end]) return;
  reset_[end] = true;
  directions_[end].under_way.clear();
  directions_[1 - end].under_way.clear();
  directions_[1 - end].arrived.clear();
  directions_[1 - end].taken = 0;
  send(end, {}, Mark::reset);
  wake_all();
}

Status SimWire::usable(int end) const {
  if (closed_[end]) return fail(ErrorCode::closed, "the connection was closed here");
  if (reset_[end]) return fail(ErrorCode::closed, "connection to " + ends_[1 - end].host + ": reset");
  return {};
}

// --- reading and writing ---

Task<Result<size_t>> SimWire::read_some(int end, MutableBytes into, SteadyTime deadline, std::stop_token stop) {
  CHECK(!into.empty());
  Direction& way = directions_[1 - end];
  while (closed_[end] || way.taken == way.arrived.size()) {
    CO_TRY_STATUS(usable(end));
    if (way.ended) co_return size_t{0};
    Status waited = co_await way.readable.wait(deadline, stop);
    CO_TRY_STATUS(waited);
  }
  size_t count = std::min(into.size(), way.arrived.size() - way.taken);
  if (chance(network_.random_, 0.25)) count = 1 + network_.random_.below(count);
  std::copy_n(way.arrived.begin() + static_cast<ptrdiff_t>(way.taken), count, into.begin());
  way.taken += count;
  way.held -= count;
  if (way.taken == way.arrived.size()) way.arrived.clear(), way.taken = 0;
  way.writable.notify_all();
  co_return count;
}

std::vector<uint8_t> SimWire::gather(std::span<const ByteView> pieces, size_t from, size_t count) const {
  std::vector<uint8_t> bytes;
  bytes.reserve(count);
  for (ByteView piece : pieces) {
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    ByteView part = piece.subspan(from, std::min(piece.size() - from, count - bytes.size()));
    bytes.insert(bytes.end(), part.begin(), part.end());
    from = 0;
    if (bytes.size() == count) break;
  }
  return bytes;
}

Task<Status> SimWire::write(int end, std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) {
  Direction& way = directions_[end];
  size_t total = 0;
  for (ByteView piece : pieces) total += piece.size();
  size_t sent = 0;
  while (sent < total) {
    CO_TRY_STATUS(usable(end));
    if (directions_[1 - end].ended) {
      co_return fail(ErrorCode::closed, "connection to " + ends_[1 - end].host + ": the other side has ended");
    }
    const SimNetworkSettings& link = network_.link(ends_[end].host, ends_[1 - end].host);
    if (way.held >= link.window) {
      Status waited = co_await way.writable.wait(deadline, stop);
      CO_TRY_STATUS(waited);
      continue;
    }
    size_t largest = chance(network_.random_, 0.125) ? 16 : link.largest_piece;
    size_t count = 1 + network_.random_.below(largest);
    count = std::min({count, total - sent, link.window - way.held});
    send(end, gather(pieces, sent, count), Mark::none);
    sent += count;
  }
  co_return usable(end);
}

// --- the two ends ---

SimConnection::SimConnection(std::shared_ptr<SimWire> wire, int end, std::optional<PeerIdentity> peer)
    : wire_(std::move(wire)), end_(end), peer_(std::move(peer)) {}

Task<Result<size_t>> SimConnection::read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) {
  return wire_->read_some(end_, into, deadline, std::move(stop));
}

Task<Status> SimConnection::write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) {
  return wire_->write(end_, pieces, deadline, std::move(stop));
}

std::string SimConnection::peer_address() const {
  const SimWire::End& peer = wire_->end(1 - end_);
  return to_string(Address{peer.host, peer.port});
}

// --- listening ---

SimListener::SimListener(SimHostNetwork& node, SimNetwork& network, uint16_t port, bool tls)
    : node_(node), network_(network), port_(port), tls_(tls), arrived_(network.executor_) {
  network_.listeners_[{node.host(), port}] = this;
  node_.listeners_.push_back(this);
}

SimListener::~SimListener() { close(); }

void SimListener::close() {
  if (closed_) return;
  closed_ = true;
  network_.listeners_.erase({node_.host(), port_});
  std::erase(node_.listeners_, this);
  waiting_.clear();
  arrived_.notify_all();
}

void SimListener::offer(std::unique_ptr<Connection> connection) {
  waiting_.push_back(std::move(connection));
  arrived_.notify_all();
}

Task<Result<std::unique_ptr<Connection>>> SimListener::accept(std::stop_token stop) {
  while (waiting_.empty()) {
    if (closed_) co_return fail(ErrorCode::closed, "the listener was closed");
    Status waited = co_await arrived_.wait(kNever, stop);
    CO_TRY_STATUS(waited);
  }
  std::unique_ptr<Connection> connection = std::move(waiting_.front());
  waiting_.pop_front();
  co_return connection;
}

}  // namespace distributary
