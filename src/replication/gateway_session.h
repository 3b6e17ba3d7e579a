// GatewaySession: the replica's side of one session. Puts frames in order, appends what is new, acknowledges what is
// durable.
//
// Ownership: shared by the gateway's map and the tasks of its connections, each of which may be the last to use it.
// Threads: the executor's thread only.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "cluster/catalog.h"
#include "io/task_scope.h"
#include "replication/gateway_authority.h"
#include "replication/link_options.h"
#include "replication/reorder_buffer.h"

namespace distributary {

class GatewaySession {
 public:
  struct Setup {
    Hello hello;
    std::optional<PeerIdentity> peer;
    std::string peer_address;
    bool granted = false;
  };
  // `window`: how many bytes a session with so many connections may have under way now; asked for every
  // acknowledgement.
  GatewaySession(World& world, GatewayAuthority& authority, StreamHandle replica, Setup setup, GatewayOptions options,
                 std::function<uint64_t(size_t)> window);
  ~GatewaySession();

  // What the replica durably holds.
  Task<Result<Welcome>> welcome();
  // Begins to acknowledge; to be followed by `finish`.
  void start() { scope_.spawn(acknowledge_loop()); }
  // Uses one connection until it or the session ends. The end of the last connection ends the session.
  Task<void> serve(FrameConnection& connection);
  // Waits until the session has ended.
  Task<void> finish() { co_await scope_.join(); }
  // Ends the session; the source is told `why`. The first reason counts.
  void stop(Ending why);
  // Stops the session if the source may no longer write.
  void check_authority();

  const Setup& setup() const { return setup_; }
  const std::optional<Ending>& ending() const { return ending_; }
  const Heartbeat& last_heartbeat() const { return heartbeat_; }
  WallMillis last_heard() const { return last_heard_; }
  bool admits(const std::optional<PeerIdentity>& peer) const;  // may a connection of `peer` join
  size_t connections() const { return connections_; }

 private:
  Task<void> acknowledge_loop();
  Task<void> write_loop(FrameConnection& connection, const bool& live);
  Task<Status> read_loop(FrameConnection& connection);
  Status take(Frame frame);
  void apply_ready();
  Status apply(const Frame& frame);
  std::vector<HeldPosition> positions(bool touched_only) const;
  void end(Ending why, bool tell);

  World& world_;
  GatewayAuthority& authority_;
  StreamHandle replica_;
  Setup setup_;
  GatewayOptions options_;
  std::function<uint64_t(size_t)> window_;
  uint64_t largest_window_;
  ReorderBuffer frames_;
  uint64_t applied_ = 1;       // every frame below is appended
  Acknowledged acknowledged_;  // the latest; sent on every connection
  uint64_t acknowledgements_ = 0;
  std::set<Origin> touched_;
  Heartbeat heartbeat_;
  WallMillis last_heard_ = 0;
  size_t connections_ = 0;
  std::optional<Ending> ending_;
  bool tell_ = false;
  std::stop_source stop_;
  Signal work_;
  TaskScope scope_;
};

}  // namespace distributary
