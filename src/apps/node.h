// Node: everything of one server, built from a World and a configuration. Knows nothing of the real world, so the
// simulation builds several in one process.
//
//   Node node(world, config, std::move(stores), map, identity);
//   CO_TRY_STATUS(co_await node.start());
//   ...
//   co_await node.stop();
//
// Ownership: world, map and identity outlive it; `stop` must be awaited before destruction, also after a failed
// `start`. Threads: the executor's thread only.
#pragma once

#include <memory>
#include <optional>

#include "apps/node_config.h"
#include "storage/log_store.h"
#include "storage/meta_store.h"

namespace distributary {

struct NodeStores {
  std::unique_ptr<LogStore> logs;
  std::unique_ptr<MetaStore> meta;
};

class Node {
 public:
  Node(World& world, NodeConfig config, NodeStores stores, const ClusterMap& map, const TlsIdentity& identity,
       std::string own_root);
  ~Node();

  // Opens the catalog and listens. Errors name the address or the store.
  Task<Status> start();
  // Finishes what is under way, writes checkpoints, closes.
  Task<Status> stop();

  uint16_t kafka_port() const;
  uint16_t admin_port() const;
  uint16_t gateway_port() const;
  Catalog& catalog();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distributary
