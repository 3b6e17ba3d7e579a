// What a node is told when it is made.
#pragma once

#include <string>
#include <vector>

#include "api/kafka/listener_options.h"
#include "broker/options.h"
#include "cluster/catalog.h"
#include "cluster/cluster_map.h"
#include "io/network.h"
#include "replication/link_options.h"

namespace distributary {

struct NodeConfig {
  std::string cluster;  // its name, a line of the cluster map
  Address kafka{"127.0.0.1", 9092};
  Address admin{"127.0.0.1", kAdminPort};
  Address gateway{"127.0.0.1", kGatewayPort};
  bool secure_admin = false;                // mutual TLS on the administration listener
  std::vector<std::string> administrators;  // users who may change what belongs to no stream
  size_t tail_cache_bytes = 32u << 20;      // newest log of all streams, in memory
  Catalog::Options catalog;
  BrokerOptions broker;
  KafkaListenerOptions listener;
  LinkOptions link;
  GatewayOptions gateway_options;
};

}  // namespace distributary
