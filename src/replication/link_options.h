// What may be set about links, and the limits that they keep.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace distributary {

struct LinkOptions {
  uint16_t connections = 8;                                  // per session at most, 1 to kLinkConnectionsMax
  uint16_t connections_at_once = 1;                          // opened without waiting for a reason
  Duration long_round_trip = std::chrono::milliseconds(5);   // from here on further connections are of use
  Duration widen_interval = std::chrono::milliseconds(100);  // at least, between looks whether they are needed
  size_t frame_bytes = 512u << 10;                           // entries are gathered into frames of about this size
  uint64_t throttle_bytes_per_second = 4u << 20;             // of a replica registered with -throttle true
  uint64_t window_bytes_max = 64u << 20;  // sent and not acknowledged, per session, whatever a gateway allows
  uint64_t memory_bytes = 512u << 20;     // shared by all windows
  uint64_t window_bytes_min = 1u << 20;   // but at least this
  Duration connect_limit = std::chrono::seconds(10);
  Duration hello_limit = std::chrono::seconds(30);  // from hello to welcome: the replica may have to be opened
  Duration heartbeat = std::chrono::seconds(2);
  Duration silence_limit = std::chrono::seconds(15);
  Duration goodbye_limit = std::chrono::seconds(1);
  Duration backoff_min = std::chrono::milliseconds(100);
  Duration backoff_max = std::chrono::seconds(10);
  Duration save_interval = std::chrono::seconds(5);  // of what was acknowledged
};

struct GatewayOptions {
  size_t connections_max = 1024;
  size_t unaccepted_max = 128;  // connections that have not said a good hello yet
  size_t sessions_max = 512;
  size_t joined_max = 448;                // of the connections; the others are for hellos
  uint64_t window_bytes = 16u << 20;      // per connection of a session, when there is memory
  uint64_t window_bytes_max = 64u << 20;  // per session
  uint64_t window_bytes_min = 1u << 20;
  uint64_t memory_bytes = 512u << 20;  // shared by all windows
  uint32_t frame_bytes_max = 1u << 20;
  Duration hello_limit = std::chrono::seconds(10);
  Duration acknowledge_interval = std::chrono::seconds(2);  // at least so often
  Duration silence_limit = std::chrono::seconds(15);
  Duration goodbye_limit = std::chrono::seconds(1);
  Duration grant_idle_limit = std::chrono::hours(24);  // a copy's grant lapses when not used for so long
};

}  // namespace distributary
