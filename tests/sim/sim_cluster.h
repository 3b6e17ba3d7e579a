// One simulated cluster of one node: its disk and metadata survive, the Node comes and goes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/node.h"
#include "io/sim/sim_world.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary::sim {

inline constexpr uint16_t kKafkaPort = 9092;
inline constexpr const char* kStreamPath = "/activity";

class SimCluster {
 public:
  SimCluster(SimWorld& sim, std::string cluster, std::string host, const ClusterMap& map, std::string root);
  ~SimCluster();

  Task<Status> start();
  enum class Death { power, process, in_order };
  // The node is gone at once, or closes its streams first; ends when its tasks have.
  Task<void> kill(Death death);
  Task<void> stop();  // in order

  LinkOptions link;  // of the nodes to come
  bool running() const { return running_; }
  const std::string& cluster() const { return cluster_; }
  const std::string& host() const { return host_; }
  // The stream object, when the node runs and the stream can be opened. The node waits for the borrower before it
  // stops.
  struct Borrowed {
    StreamHandle handle;
    std::shared_ptr<int> count;  // shared: how many are out, counted by the references to it
    explicit operator bool() const { return handle != nullptr; }
    Stream* operator->() const { return handle->stream.get(); }
  };
  Task<Borrowed> stream();

 private:
  NodeConfig config() const;
  Task<void> wait_for_borrowers();

  SimWorld& sim_;
  std::string cluster_;
  std::string host_;
  const ClusterMap& map_;
  std::string root_;
  TlsIdentity identity_;
  MemoryMeta meta_;
  World* world_ = nullptr;
  std::unique_ptr<Node> node_;
  bool running_ = false;
  std::shared_ptr<int> borrowed_ = std::make_shared<int>(0);
};

}  // namespace distributary::sim
