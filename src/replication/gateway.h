// Gateway: the door of a cluster for links. Listens, finds out who is asking and whether it is allowed, and gives each
// accepted source a session that appends to the replica with the gateway's own authority (produceperm does not matter
// here).
//
// Until a hello was accepted a connection costs one small frame and a short time, and there may be few of them. One
// session is live for a pair (replica, source); a newer one ends the older. Removing the upstream registration ends a
// session at once.
//
// Threads: the executor's thread only. Ownership: one per node; `stop` before destruction, and before the catalog
// closes.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cluster/catalog.h"
#include "io/task_scope.h"
#include "replication/copy_grants.h"
#include "replication/gateway_authority.h"
#include "replication/gateway_session.h"
#include "replication/link_options.h"
#include "replication/replication_status.h"

namespace distributary {

class Gateway {
 public:
  Gateway(World& world, Catalog& catalog, MetaStore& meta, ClusterDirectory& directory, GatewayOptions options);
  ~Gateway();

  // Begins to listen, with TLS when this cluster is secure. Errors: as Network::listen.
  Status start(Address at);
  Task<void> stop();
  uint16_t port() const;

  // Permission for one copy of `pair.source` into `pair.replica`, to be used first within `valid`. The caller has
  // checked copyperm.
  Task<Result<std::string>> issue_grant(CopyGrants::Pair pair, Duration valid = std::chrono::minutes(10));
  // One for each upstream registration of the stream.
  std::vector<UpstreamStatus> upstreams(const Uuid& replica) const;
  size_t session_count() const { return sessions_.size(); }

 private:
  struct PairKey {
    Uuid replica;
    Uuid source;
    auto operator<=>(const PairKey&) const = default;
  };
  // shared: the map, and every connection that the session has.
  using SessionPtr = std::shared_ptr<GatewaySession>;
  struct Note {  // of the last session of a pair
    std::string peer;
    WallMillis last_heard = 0;
    Heartbeat heartbeat;
    std::optional<LinkProblem> problem;
  };
  class Waiting;

  Task<void> accept_loop();
  Task<void> watch_loop();
  Task<void> serve(std::unique_ptr<Connection> connection);
  Task<void> begin(FrameConnection& connection, Frame frame, Waiting& waiting);
  Task<void> join(FrameConnection& connection, Frame frame, Waiting& waiting);
  Task<std::optional<Ending>> admit(Hello hello, std::optional<PeerIdentity> peer, bool& granted);
  Task<Result<SessionPtr>> make_session(GatewaySession::Setup setup);
  Task<void> run_session(FrameConnection& connection, SessionPtr session, Waiting& waiting);
  Task<void> refuse(FrameConnection& connection, Ending why);
  void forget(const SessionPtr& session);
  void note(const PairKey& pair, const std::string& peer, const Ending& ending);
  uint64_t window(size_t connections) const;

  World& world_;
  Catalog& catalog_;
  ClusterDirectory& directory_;
  GatewayOptions options_;
  GatewayAuthority authority_;
  CopyGrants grants_;
  std::unique_ptr<Listener> listener_;
  std::map<Uuid, SessionPtr> sessions_;  // by session id
  std::map<PairKey, SessionPtr> by_pair_;
  std::map<PairKey, Note> notes_;    // only of pairs that have been accepted or are registered
  std::map<Uuid, uint64_t> epochs_;  // highest storage epoch of a source
  size_t connections_ = 0;
  size_t joined_ = 0;   // of them, those that have joined a session
  size_t waiting_ = 0;  // not accepted yet
  TaskScope scope_;
};

}  // namespace distributary
