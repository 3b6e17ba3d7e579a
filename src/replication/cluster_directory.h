// ClusterDirectory: what replication must know of clusters: the local one, and those in the cluster map. Implemented
// where clusters are administered.
//
// Threads: the executor's thread only. Ownership: outlives links and gateway.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/network.h"
#include "io/task.h"

namespace distributary {

// How the members of a cluster prove who they are.
struct ClusterTrust {
  bool secure = true;  // false: plaintext, no proof; accepted only from and to clusters for which the map says so
  std::string root_fingerprint;  // as in PeerIdentity; empty when not secure
};

class ClusterDirectory {
 public:
  virtual ~ClusterDirectory() = default;
  virtual std::string local_cluster() = 0;
  // What this node presents; null when this cluster is not secure.
  virtual const TlsIdentity* identity() = 0;
  // nullopt for a cluster that is not in the map. The local cluster is always in it.
  virtual std::optional<ClusterTrust> trust(const std::string& cluster) = 0;
  // Addresses of the gateways of `cluster`, which may be the local one. Errors: not_found (the message says how to name
  // them), unavailable.
  virtual Task<Result<std::vector<Address>>> gateways(std::string cluster) = 0;
};

}  // namespace distributary
