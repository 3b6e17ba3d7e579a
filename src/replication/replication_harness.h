// Clusters of one node each in a simulated world, for tests: catalog, links, copy jobs and gateway over memory storage
// that survives crashes.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/catalog.h"
#include "io/sim/sim_world.h"
#include "model/record_batch_builder.h"
#include "replication/copy_jobs.h"
#include "replication/gateway.h"
#include "replication/link_manager.h"
#include "storage/memory/memory_log_store.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// How many seeds a test tries: as given, or DISTRIBUTARY_SEEDS when that is set.
inline int seed_count(int usual) {
  const char* asked = std::getenv("DISTRIBUTARY_SEEDS");
  return asked != nullptr ? std::atoi(asked) : usual;
}

inline std::string fingerprint_of(const std::string& cluster) {
  return std::string(64 - cluster.size(), 'f') + cluster;
}

class TestCluster final : public ClusterDirectory {
 public:
  static constexpr uint16_t kPort = 7660;

  // The host bears the cluster's name.
  TestCluster(SimWorld& sim, std::string name, bool secure);
  ~TestCluster() override;

  void start();
  // Power failure: undurable writes may be lost, connections break.
  void kill();
  void stop();
  bool running() const { return node_ != nullptr; }

  void know(const TestCluster& other);  // its line in the cluster map
  void distrust(const std::string& cluster) { trust_.erase(cluster); }

  std::string local_cluster() override { return name_; }
  const TlsIdentity* identity() override { return secure_ ? &identity_ : nullptr; }
  std::optional<ClusterTrust> trust(const std::string& cluster) override;
  Task<Result<std::vector<Address>>> gateways(std::string cluster) override;

  Catalog& catalog() { return node_->catalog; }
  LinkManager& links() { return node_->links; }
  CopyJobs& copies() { return node_->copies; }
  Gateway& gateway() { return node_->gateway; }
  const std::string& name() const { return name_; }

  // --- streams
  StreamRecord create(const std::string& path) {
    return must(run(catalog().create(path, StreamSettings::for_creator("u"), "u")));
  }
  StreamHandle open(const std::string& path) { return must(run(catalog().stream(path))); }
  const StreamRecord& record(const std::string& path) { return *catalog().record(path); }
  TopicUuid create_topic(const std::string& path, const std::string& topic);
  // Appends a batch with these values; waits until it is durable unless told not to.
  bool produce(const std::string& path, const std::string& topic, const std::vector<std::string>& values,
               bool wait = true);
  void commit(const std::string& path, const std::string& group, const std::string& topic, Offset offset);
  // All history in the log: origin LSN and digest of the bytes of each entry.
  std::vector<std::string> history(const std::string& path);
  OriginPositions origins(const std::string& path) { return open(path)->stream->state().origins(); }

  // --- registrations
  void add_replica(const std::string& path, TestCluster& to, const std::string& to_path, bool paused = false);
  void add_upstream(const std::string& path, TestCluster& from, const std::string& from_path);
  void set_paused(const std::string& path, bool paused);
  void remove_upstream(const std::string& path) {
    must(run(catalog().remove_upstream(path, record(path).upstreams.at(0).idx)));
  }
  ReplicaStatus status(const std::string& path);
  // Waits until everything in the source is durably at its first replica.
  bool wait_replicated(const std::string& path, Duration limit = std::chrono::minutes(10));
  bool wait_state(const std::string& path, LinkState state, Duration limit = std::chrono::minutes(10));
  bool wait_problem(const std::string& path, const std::string& code, Duration limit = std::chrono::minutes(10));

  template <class T>
  T run(Task<T> task) {
    return sim_.executor().run(std::move(task));
  }

  LinkOptions link_options;
  GatewayOptions gateway_options;
  Catalog::Options catalog_options;
  std::map<std::string, std::vector<Address>> gateway_addresses;
  MemoryLogs logs;
  MemoryMeta meta;

 private:
  struct Node {
    Node(World& world, TestCluster& cluster);
    TailCache cache;
    MemoryLogStore logs;
    MemoryMetaStore meta;
    Catalog catalog;
    LinkManager links;
    CopyJobs copies;
    Gateway gateway;
  };
  void take_down();

  SimWorld& sim_;
  std::string name_;
  bool secure_;
  TlsIdentity identity_{"chain", "key"};
  std::map<std::string, ClusterTrust> trust_;
  std::unique_ptr<Node> node_;
};

// Two clusters that know each other: sf (source) and ny (replica).
struct TwoClusters {
  explicit TwoClusters(uint64_t seed, bool secure = true) : sim(seed), sf(sim, "sf", secure), ny(sim, "ny", secure) {
    sf.know(ny);
    ny.know(sf);
  }
  ~TwoClusters() {
    if (sf.running()) sf.stop();
    if (ny.running()) ny.stop();
  }
  void start() {
    sf.start();
    ny.start();
  }
  // Streams /a at both, with a topic t at the source, agreed on both sides.
  void set_up(bool paused = false, bool upstream = true);
  void expect_equal();
  void run_for(Duration span) { sim.executor().run_for(span); }

  SimWorld sim;
  TestCluster sf;
  TestCluster ny;
};

}  // namespace distributary
