// Connecting to a gateway: the connection, its identity, hello or join.
#pragma once

#include <memory>
#include <string>

#include "io/world.h"
#include "replication/cluster_directory.h"
#include "replication/frame_connection.h"
#include "replication/link_options.h"
#include "wire/link/messages.h"

namespace distributary {

struct GatewayTarget {
  Address address;
  std::string cluster;
  ClusterTrust trust;                     // what the cluster map says of `cluster`
  const TlsIdentity* identity = nullptr;  // outlives the use; presented when `trust.secure`
};

// Errors: unavailable and timed_out (not reached), unauthenticated (reached, but it is not a node of that cluster).
Task<Result<std::unique_ptr<FrameConnection>>> dial(World& world, GatewayTarget target, LinkOptions options,
                                                    std::stop_token stop);

// A refusal is a value, for it is the answer of a gateway that was reached.
struct HelloAnswer {
  std::optional<Ending> refused;
  Welcome welcome;
};
Task<Result<HelloAnswer>> say_hello(World& world, FrameConnection& connection, Hello hello, LinkOptions options,
                                    std::stop_token stop);
// `refused` or nothing.
Task<Result<std::optional<Ending>>> say_join(World& world, FrameConnection& connection, Join join, LinkOptions options,
                                             std::stop_token stop);

}  // namespace distributary
