// Identity of a cluster: a root key that signs a certificate for each node. The cluster's id and its fingerprint derive
// from the root certificate, so nobody without the root key can be that cluster. Keys are P-256; certificates X.509 v3,
// for TLS 1.3.
//
// Functions are pure but for OpenSSL's own randomness, and take some hundred microseconds. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "base/uuid.h"
#include "io/file_system.h"
#include "io/network.h"
#include "io/task.h"

namespace distributary {

struct RootIdentity {
  std::string key_pem;
  std::string certificate_pem;
};

inline constexpr int kRootYears = 30;
inline constexpr int kNodeYears = 10;

Result<RootIdentity> make_root(const std::string& cluster, WallMillis now);
// A new node's key and chain (its certificate, then the root's), signed by `root`.
Result<TlsIdentity> make_node(const RootIdentity& root, const std::string& cluster, const std::string& node,
                              WallMillis now);

// SHA-256 of a certificate (DER), 64 lower-case hex digits. The last certificate in `pem` counts: the root of a chain.
Result<std::string> root_fingerprint(std::string_view pem);
// The cluster's id: from the fingerprint, so that it cannot be chosen.
Result<Uuid> cluster_id(std::string_view fingerprint);

// In `directory`: root.key, root.pem, node.key, node.pem. Refuses when there is one already (already_exists).
Task<Status> save_identity(FileSystem& files, std::string directory, RootIdentity root, TlsIdentity node);
// not_found names the directory and `distributary init`.
Task<Result<TlsIdentity>> load_identity(FileSystem& files, std::string directory);

}  // namespace distributary
