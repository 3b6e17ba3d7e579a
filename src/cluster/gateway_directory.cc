#include "cluster/gateway_directory.h"

#include "model/path.h"
#include "model/printable.h"

namespace distributary {
namespace {

constexpr const char* kPrefix = "gateway/";

}  // namespace

std::string to_string(const std::vector<Address>& addresses) {
  std::string out;
  for (const Address& address : addresses) out += (out.empty() ? "" : " ") + to_string(address);
  return out;
}

Result<std::vector<Address>> parse_gateways(std::string_view text) {
  std::vector<Address> addresses;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t,;", at)) != std::string_view::npos) {
    size_t end = std::min(text.find_first_of(" \t,;", at), text.size());
    TRY(Address address, parse_address(text.substr(at, end - at), kGatewayPort));
    addresses.push_back(std::move(address));
    at = end;
  }
  if (addresses.empty())
    return fail(ErrorCode::invalid_argument, "no gateway is named; give host or host:port, separated by blanks");
  if (addresses.size() > kGatewaysMax)
    return fail(ErrorCode::too_large, "more than " + std::to_string(kGatewaysMax) + " gateways");
  return addresses;
}

Task<Result<GatewayDirectory::Found>> GatewayDirectory::find(std::string cluster) {
  std::string key = kPrefix + cluster;
  CO_TRY(std::optional<std::string> stored, co_await meta_.get(key));
  Found found;
  if (stored) {
    CO_TRY(found.addresses, parse_gateways(*stored));
    found.source = "cluster gateway set";
    co_return found;
  }
  const ClusterEntry* entry = map_.find(cluster);
  if (!entry) {
    co_return fail(ErrorCode::not_found, "no gateway of cluster " + quoted(cluster) +
                                             " is known; name them with `cluster gateway set` or add the cluster to " +
                                             (map_.source().empty() ? "the cluster map" : map_.source()));
  }
  found.addresses = entry->gateway_addresses();
  found.source = map_.source();
  co_return found;
}

Task<Status> GatewayDirectory::set(std::string cluster, std::string addresses) {
  CO_TRY_STATUS(check_cluster_name(cluster));
  CO_TRY(std::vector<Address> parsed, parse_gateways(addresses));
  MetaBatch batch;
  batch.put(kPrefix + cluster, to_string(parsed));
  co_return co_await meta_.apply(std::move(batch));
}

Task<Status> GatewayDirectory::remove(std::string cluster) {
  std::string key = kPrefix + cluster;
  CO_TRY(std::optional<std::string> stored, co_await meta_.get(key));
  if (!stored) co_return fail(ErrorCode::not_found, "no gateways have been set for cluster " + quoted(cluster));
  MetaBatch batch;
  batch.remove(key);
  co_return co_await meta_.apply(std::move(batch));
}

Task<Result<std::map<std::string, std::string>>> GatewayDirectory::list() {
  std::string prefix = kPrefix;
  constexpr size_t kClustersMax = 10'000;
  CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(prefix, "", kClustersMax));
  std::map<std::string, std::string> clusters;
  for (MetaEntry& entry : entries) clusters[entry.key.substr(prefix.size())] = std::move(entry.value);
  co_return clusters;
}

}  // namespace distributary
