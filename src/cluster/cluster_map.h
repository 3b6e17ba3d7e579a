// ClusterMap: the clusters that this node or tool knows, as written in mapr-clusters.conf, one line per cluster:
//
//   <name> [key=value ...] <node> [<node> ...]
//
// The first line is the default cluster: the one that a path without /mapr/<cluster> belongs to. A node (one that
// answers administration) is `host`, `ip`, `host:port` or `host;ip:port`; in the last form the ip is tried when the
// name does not resolve. Blank lines and lines that begin with # are skipped.
//
//   secure=true|false     whether the cluster is reached over mutual TLS only. Default false
//   root=<64 hex digits>  SHA-256 of the cluster's root certificate (`distributary init` prints it): who may call
//   itself that cluster gateways=<host:port>[,<host:port>...]   its gateways, when they are not at the nodes' gateway
//   port
//
// Other keys are kept and have no meaning here. A plain value; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/network.h"

namespace distributary {

inline constexpr uint16_t kAdminPort = 7222;    // of a node in the map without a port
inline constexpr uint16_t kGatewayPort = 7660;  // of a gateway without a port
inline constexpr size_t kClusterMapBytesMax = 1u << 20;
inline constexpr size_t kClusterNodesMax = 64;  // per cluster

struct ClusterNode {
  Address address;
  std::optional<Address> fallback;  // the ip of `host;ip:port`
};

struct ClusterEntry {
  std::string name;
  bool secure = false;
  std::string root_fingerprint;  // 64 lower-case hex digits, or empty
  std::vector<Address> gateways;
  std::vector<ClusterNode> nodes;
  std::map<std::string, std::string> other;  // keys that mean nothing to us

  // Where administration may answer, in the order to try.
  std::vector<Address> admin_addresses() const;
  // The `gateways` of the line, else every node's name at the gateway port.
  std::vector<Address> gateway_addresses() const;
};

class ClusterMap {
 public:
  ClusterMap() = default;
  // `source` names the text in errors (a file's path), which say the line and what is allowed.
  static Result<ClusterMap> parse(std::string_view text, std::string_view source);

  const ClusterEntry* find(std::string_view name) const;
  // As `find`; not_found says which clusters are known.
  Result<const ClusterEntry*> require(std::string_view name) const;
  // The cluster whose root has this fingerprint, or null.
  const ClusterEntry* find_root(std::string_view fingerprint) const;
  std::string default_cluster() const { return entries_.empty() ? std::string() : entries_.front().name; }
  const std::vector<ClusterEntry>& entries() const { return entries_; }
  const std::string& source() const { return source_; }

 private:
  std::string source_;
  std::vector<ClusterEntry> entries_;
};

}  // namespace distributary
