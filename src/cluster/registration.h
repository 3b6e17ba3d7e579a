// The two halves of a replication agreement, as kept by each side. Both hold stream UUIDs: a stream deleted and created
// again is a different stream.
#pragma once

#include <cstdint>
#include <string>

#include "base/uuid.h"

namespace distributary {

inline constexpr uint32_t kReplicasMax = 64;   // per source stream
inline constexpr uint32_t kUpstreamsMax = 64;  // per replica stream

// Kept with the source stream.
struct ReplicaRegistration {
  uint32_t idx = 0;     // slot, from 1
  std::string cluster;  // of the replica
  std::string path;     // within that cluster
  Uuid uuid;            // of the replica stream
  bool paused = false;
  bool throttle = false;
  bool network_encryption = false;
  bool synchronous = false;
  std::string network_compression = "off";
  bool operator==(const ReplicaRegistration&) const = default;
};

// Under which the source's log is held back for a replica (Stream::set_hold).
inline std::string hold_name(const Uuid& replica) { return "link-" + to_string(replica); }

// Kept with the replica stream: permission for that source, and no other, to write here.
struct UpstreamRegistration {
  uint32_t idx = 0;
  std::string cluster;  // of the source
  std::string path;
  Uuid uuid;  // of the source stream
  bool operator==(const UpstreamRegistration&) const = default;
};

}  // namespace distributary
