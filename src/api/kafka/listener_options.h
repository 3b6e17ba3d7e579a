// Settings of a Kafka listener. The names in comments are those of the configuration.
#pragma once

#include <chrono>
#include <string>

#include "io/network.h"

namespace distributary {

struct KafkaListenerOptions {
  Address advertised;  // kafka.advertised.address: what clients are told to connect to; port 0: the one listened on
  int32_t node_id = 1;
  std::string cluster_id;                               // as clients see it
  size_t connections_max = 10'000;                      // max.connections
  std::chrono::milliseconds idle_timeout{10 * 60'000};  // connections.max.idle.ms
  // Of one connection:
  size_t frame_bytes_max = 100u << 20;  // socket.request.max.bytes
  size_t first_frame_bytes_max =
      16u << 10;                    // until a request has made sense; a frame may be larger if its header makes sense
  size_t requests_queued_max = 64;  // read and not yet begun
  size_t request_bytes_queued_max = 4u << 20;  // likewise; one request may be larger
  size_t answers_queued_max = 256;             // begun and not yet written
  size_t answer_bytes_queued_max = 8u << 20;   // no further request is begun while more than this waits to be written
};

}  // namespace distributary
