// GatewayDirectory: where the gateways of each cluster are. First the list that an administrator stored with `cluster
// gateway set`, else what the cluster map says.
//
// Threads: the executor's thread only. Ownership: one per node.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/cluster_map.h"
#include "storage/meta_store.h"

namespace distributary {

inline constexpr size_t kGatewaysMax = 64;  // per cluster

class GatewayDirectory {
 public:
  GatewayDirectory(MetaStore& meta, const ClusterMap& map) : meta_(meta), map_(map) {}

  struct Found {
    std::vector<Address> addresses;
    std::string source;  // "cluster gateway set", or the cluster map's name
  };
  // not_found says how to name them.
  Task<Result<Found>> find(std::string cluster);
  // Addresses separated by blanks or commas, kept in this form. invalid_argument names the one that is wrong.
  Task<Status> set(std::string cluster, std::string addresses);
  Task<Status> remove(std::string cluster);  // not_found when nothing was set
  // What was set, by cluster.
  Task<Result<std::map<std::string, std::string>>> list();

 private:
  MetaStore& meta_;
  const ClusterMap& map_;
};

// host:port, separated by blanks.
std::string to_string(const std::vector<Address>& addresses);
Result<std::vector<Address>> parse_gateways(std::string_view text);

}  // namespace distributary
