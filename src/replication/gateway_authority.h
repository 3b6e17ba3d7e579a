// GatewayAuthority: whether a source may write to a replica here. Asked for every session, before every frame and at
// every change of the catalog; waits for nothing.
//
// In this order, so that a stranger learns nothing: the peer's root is the one that the cluster map has for the cluster
// that it says it is; the replica exists, by UUID; it has an upstream registration for that source UUID and cluster.
#pragma once

#include <optional>

#include "cluster/catalog.h"
#include "replication/cluster_directory.h"
#include "wire/link/messages.h"

namespace distributary {

class GatewayAuthority {
 public:
  GatewayAuthority(Catalog& catalog, ClusterDirectory& directory) : catalog_(catalog), directory_(directory) {}

  // nullopt: trusted.
  std::optional<Ending> check_trust(const Hello& hello, const std::optional<PeerIdentity>& peer) const;
  // nullopt: allowed. `granted`: a copy grant was accepted for this session, so that no upstream registration is
  // needed.
  std::optional<Ending> check(const Hello& hello, const std::optional<PeerIdentity>& peer, bool granted) const;

 private:
  std::optional<Ending> check_upstream(const StreamRecord& replica, const Hello& hello) const;

  Catalog& catalog_;
  ClusterDirectory& directory_;
};

}  // namespace distributary
