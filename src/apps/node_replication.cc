#include "apps/node_replication.h"

namespace distributary {

std::optional<ClusterTrust> NodeClusters::trust(const std::string& cluster) {
  if (cluster == local_) return ClusterTrust{true, own_root_};
  const ClusterEntry* entry = map_.find(cluster);
  if (entry == nullptr) return std::nullopt;
  return ClusterTrust{true, entry->root_fingerprint};
}

Task<Result<std::vector<Address>>> NodeClusters::gateways(std::string cluster) {
  CO_TRY(GatewayDirectory::Found found, co_await gateways_.find(cluster));
  co_return std::move(found.addresses);
}

Task<std::optional<ReplicaStatus>> NodeReplication::replica(Uuid source, uint32_t idx) {
  auto all = co_await links_.replicas(source);
  if (!all) co_return std::nullopt;
  for (ReplicaStatus& status : *all) {
    if (status.registration.idx == idx) co_return std::move(status);
  }
  co_return std::nullopt;
}

std::optional<UpstreamStatus> NodeReplication::upstream(const Uuid& replica, uint32_t idx) {
  for (UpstreamStatus& status : gateway_.upstreams(replica)) {
    if (status.registration.idx == idx) return std::move(status);
  }
  return std::nullopt;
}

Task<Result<Uuid>> NodeReplication::start_copy(CopyOrder order) {
  const StreamRecord* record = catalog_.record(order.source_path);
  if (record == nullptr) co_return fail(ErrorCode::not_found, "there is no stream " + order.source_path);
  CopyRequest request{record->uuid, order.cluster, order.path, order.replica, order.grant};
  CO_TRY(CopyStatus status, co_await copies_.begin(request));
  co_return status.id;
}

Task<Result<std::string>> NodeReplication::grant_copy(CopyGrant grant) {
  CopyGrants::Pair pair{grant.source_cluster, grant.source, grant.replica};
  co_return co_await gateway_.issue_grant(pair);
}

}  // namespace distributary
