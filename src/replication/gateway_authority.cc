#include "replication/gateway_authority.h"

#include "model/path.h"
#include "model/printable.h"

namespace distributary {

namespace {

// What the other side calls itself goes into messages, so it is quoted when it is not a plain path.
std::string source_name(const Hello& hello) {
  bool plain = check_cluster_name(hello.source_cluster) && check_local_path(hello.source_path) &&
               is_printable(hello.source_path);
  std::string name = to_string(StreamPath{hello.source_cluster, hello.source_path});
  return plain ? name : quoted(name);
}

std::optional<Ending> refuse(LinkErrorCode code, std::string message) { return Ending{code, std::move(message)}; }

}  // namespace

std::optional<Ending> GatewayAuthority::check_trust(const Hello& hello, const std::optional<PeerIdentity>& peer) const {
  std::string cluster = quoted(hello.source_cluster);
  std::optional<ClusterTrust> trust = directory_.trust(hello.source_cluster);
  if (!trust) {
    return refuse(LinkErrorCode::root_not_trusted, "this cluster does not know a cluster " + cluster +
                                                       ": add its line to the cluster map of the gateway");
  }
  if (!trust->secure) {
    if (!peer) return std::nullopt;
    return refuse(LinkErrorCode::root_not_trusted,
                  "cluster " + cluster + " is not secure by the gateway's cluster map, but comes with a " +
                      "certificate: set secure=true and root= in its line");
  }
  if (peer && !trust->root_fingerprint.empty() && peer->root_fingerprint == trust->root_fingerprint)
    return std::nullopt;
  return refuse(LinkErrorCode::root_not_trusted,
                "the root certificate of the caller (" + (peer ? peer->root_fingerprint : std::string("none")) +
                    ") is not the one that the gateway's cluster map has for cluster " + cluster +
                    ": exchange trust again");
}

std::optional<Ending> GatewayAuthority::check_upstream(const StreamRecord& replica, const Hello& hello) const {
  const std::string here = to_string(StreamPath{directory_.local_cluster(), replica.path});
  const std::string there = source_name(hello);
  const std::string command = " -path " + here + " -upstream " + there;
  for (const UpstreamRegistration& upstream : replica.upstreams) {
    if (upstream.cluster == hello.source_cluster && upstream.uuid == hello.source.stream) return std::nullopt;
  }
  for (const UpstreamRegistration& upstream : replica.upstreams) {
    if (upstream.cluster != hello.source_cluster || upstream.path != hello.source_path) continue;
    return refuse(LinkErrorCode::upstream_uuid_mismatch,
                  there + " is registered as upstream of " + here + " with UUID " + to_string(upstream.uuid) +
                      ", but is now " + to_string(hello.source.stream) +
                      ": it was deleted and created again. If that is meant, run: maprcli stream upstream remove" +
                      command + " ; maprcli stream upstream add" + command);
  }
  return refuse(LinkErrorCode::not_an_upstream,
                there + " is not an upstream of " + here + ". To allow it, run: maprcli stream upstream add" + command);
}

std::optional<Ending> GatewayAuthority::check(const Hello& hello, const std::optional<PeerIdentity>& peer,
                                              bool granted) const {
  if (std::optional<Ending> refusal = check_trust(hello, peer)) return refusal;
  const StreamRecord* replica = catalog_.record_by_uuid(hello.replica);
  if (replica == nullptr) {
    const StreamRecord* other = catalog_.record(hello.replica_path);
    std::string path = to_string(StreamPath{directory_.local_cluster(), other ? other->path : std::string()});
    if (other == nullptr) {
      return refuse(LinkErrorCode::replica_not_found,
                    "cluster " + directory_.local_cluster() + " has no stream " + quoted(hello.replica_path) +
                        ", UUID " + to_string(hello.replica) +
                        ": it was deleted. Create it and run: maprcli stream replica add -path " + source_name(hello));
    }
    return refuse(LinkErrorCode::replica_uuid_mismatch,
                  path + " is now another stream (" + to_string(other->uuid) +
                      ") than the one registered as replica (" + to_string(hello.replica) +
                      "). If that is meant, run: maprcli stream replica remove -path " + source_name(hello) +
                      " -replica " + path + " ; maprcli stream replica add -path " + source_name(hello) + " -replica " +
                      path);
  }
  if (hello.source.stream == hello.replica)
    return refuse(LinkErrorCode::not_an_upstream, "a stream cannot be its own upstream");
  if (granted) return std::nullopt;
  return check_upstream(*replica, hello);
}

}  // namespace distributary
