// What the handlers of commands work with. Built once per node; tests and the simulation build their own.
//
// Ownership: everything outlives the context. Threads: the executor's thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/admin/remote_clusters.h"
#include "cluster/catalog.h"
#include "cluster/cluster_map.h"
#include "cluster/gateway_directory.h"
#include "io/world.h"
#include "replication/replication_status.h"

namespace distributary::admin {

// The running side of replication: links, gateway and copy jobs of this node.
class ReplicationControl {
 public:
  virtual ~ReplicationControl() = default;
  // nullopt: nothing runs for it yet.
  virtual Task<std::optional<ReplicaStatus>> replica(Uuid source, uint32_t idx) = 0;
  virtual std::optional<UpstreamStatus> upstream(const Uuid& replica, uint32_t idx) = 0;

  // Starts, or finds running, the copy of everything in `source_path` to a stream of another cluster, or of this one.
  struct CopyOrder {
    std::string source_path;
    std::string cluster;  // of the destination
    std::string path;
    Uuid replica;
    std::string grant;  // what grant_copy gave at the destination
  };
  virtual Task<Result<Uuid>> start_copy(CopyOrder order) = 0;
  virtual Task<Status> cancel_copy(Uuid job) = 0;
  virtual std::vector<CopyStatus> copies() = 0;
  // On the destination's side: the gateway lets this source fill this replica, without an upstream registration. Gives
  // a secret that the source's cluster shows.
  struct CopyGrant {
    Uuid replica;
    std::string source_cluster;
    Uuid source;
  };
  virtual Task<Result<std::string>> grant_copy(CopyGrant grant) = 0;
};

struct AdminContext {
  World& world;
  std::string cluster;  // our own
  Catalog& catalog;
  const ClusterMap& map;
  GatewayDirectory& gateways;
  RemoteClusters& remote;
  ReplicationControl& replication;
  std::vector<Address> own_gateways;        // where this node's gateway listens
  std::string host;                         // host:port of this node, as `topic info` names it
  std::vector<std::string> administrators;  // users who may change what belongs to no stream

  // permission_denied for others.
  Status check_administrator(const Principal& principal) const;

  // A command on another cluster, or here when `cluster` is our own.
  Task<Result<Records>> call(std::string cluster, std::vector<std::string> words, Arguments::Pairs options,
                             Principal principal);
};

}  // namespace distributary::admin
