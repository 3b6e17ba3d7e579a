// NodeReplication: ties replication to administration: what commands ask of links, gateway and copy jobs, and what
// these ask of the map of clusters.
//
// Ownership: the Node's; everything passed in outlives it. Threads: the executor's thread only.
#pragma once

#include "api/admin/admin_context.h"
#include "cluster/gateway_directory.h"
#include "replication/cluster_directory.h"
#include "replication/copy_jobs.h"
#include "replication/gateway.h"
#include "replication/link_manager.h"

namespace distributary {

class NodeClusters final : public ClusterDirectory {
 public:
  NodeClusters(std::string local, const ClusterMap& map, GatewayDirectory& gateways, const TlsIdentity* identity,
               std::string own_root)
      : local_(std::move(local)), map_(map), gateways_(gateways), identity_(identity), own_root_(std::move(own_root)) {}

  std::string local_cluster() override { return local_; }
  const TlsIdentity* identity() override { return identity_; }
  // Links are mutual TLS always: a cluster without `root=` in the map is not trusted.
  std::optional<ClusterTrust> trust(const std::string& cluster) override;
  Task<Result<std::vector<Address>>> gateways(std::string cluster) override;

 private:
  std::string local_;
  const ClusterMap& map_;
  GatewayDirectory& gateways_;
  const TlsIdentity* identity_;
  std::string own_root_;
};

class NodeReplication final : public admin::ReplicationControl {
 public:
  NodeReplication(Catalog& catalog, LinkManager& links, CopyJobs& copies, Gateway& gateway)
      : catalog_(catalog), links_(links), copies_(copies), gateway_(gateway) {}

  Task<std::optional<ReplicaStatus>> replica(Uuid source, uint32_t idx) override;
  std::optional<UpstreamStatus> upstream(const Uuid& replica, uint32_t idx) override;
  Task<Result<Uuid>> start_copy(CopyOrder order) override;
  Task<Status> cancel_copy(Uuid job) override { return copies_.cancel(job); }
  std::vector<CopyStatus> copies() override { return copies_.list(); }
  Task<Result<std::string>> grant_copy(CopyGrant grant) override;

 private:
  Catalog& catalog_;
  LinkManager& links_;
  CopyJobs& copies_;
  Gateway& gateway_;
};

}  // namespace distributary
