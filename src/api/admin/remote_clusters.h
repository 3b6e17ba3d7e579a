// RemoteClusters: runs commands on the clusters of the map, over HTTP at the addresses that the map gives.
//
// Threads: the executor's thread only. Ownership: the map outlives it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/admin/command.h"
#include "cluster/cluster_map.h"
#include "io/world.h"

namespace distributary::admin {

// Over all addresses of a cluster: who waits at a prompt is told soon.
inline constexpr Duration kClusterConnectLimit = std::chrono::seconds(5);

class RemoteClusters {
 public:
  // `identity`: what we prove to secure clusters; null when we have none.
  RemoteClusters(World& world, const ClusterMap& map, const TlsIdentity* identity)
      : world_(world), map_(map), identity_(identity) {}

  // Runs `words` there in the name of `user`. `forwarded`: the other side must not pass it on again.
  // Errors: not_found (no such cluster in the map), unavailable (names the cluster and its addresses), those of the
  // command.
  Task<Result<Records>> call(std::string cluster, std::vector<std::string> words, Arguments::Pairs options,
                             std::string user, bool forwarded, std::stop_token stop = {});

 private:
  World& world_;
  const ClusterMap& map_;
  const TlsIdentity* identity_;
};

// The field that says "do not pass it on", and the user name as HTTP basic authentication carries it.
inline constexpr const char* kForwardedField = "X-Distributary-Forwarded";
std::string basic_authorization(std::string_view user);
// The user of an Authorization field: empty when the field is; unauthenticated when it is of another kind or no valid
// name.
Result<std::string> basic_user(std::string_view field);

}  // namespace distributary::admin
