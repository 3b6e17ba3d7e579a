#include "sim/sim_cluster.h"

#include "storage/local/local_log_store.h"

namespace distributary::sim {

SimCluster::SimCluster(SimWorld& sim, std::string cluster, std::string host, const ClusterMap& map, std::string root)
    : sim_(sim), cluster_(std::move(cluster)), host_(std::move(host)), map_(map), root_(std::move(root)) {
  sim_.add_host(host_, PeerIdentity{root_, host_});
}

SimCluster::~SimCluster() = default;

NodeConfig SimCluster::config() const {
  NodeConfig config;
  config.cluster = cluster_;
  config.kafka = {host_, kKafkaPort};
  config.admin = {host_, kAdminPort};
  config.gateway = {host_, kGatewayPort};
  config.catalog.stream.segment_bytes = 32u << 10;  // small, so that everything happens often
  config.catalog.stream.send_from_file_bytes = 200;
  config.catalog.stream.checkpoint_bytes = 48u << 10;
  config.catalog.stream.checkpoint_entries = 300;
  config.tail_cache_bytes = 16u << 10;
  config.link = link;
  config.link.frame_bytes = 4u << 10;
  return config;
}

Task<Status> SimCluster::start() {
  world_ = &sim_.start(host_);
  LocalLogOptions local;
  local.root = "/data";
  local.reserve = 0;
  NodeStores stores;
  CO_TRY(stores.logs, co_await LocalLogStore::start(world_->executor, world_->files, local));
  stores.meta = std::make_unique<MemoryMetaStore>(world_->executor, meta_);
  node_ = std::make_unique<Node>(*world_, config(), std::move(stores), map_, identity_, root_);
  Status started = co_await node_->start();
  if (!started) {
    (void)co_await node_->stop();
    node_.reset();
    co_return started;
  }
  running_ = true;
  co_return Status{};
}

Task<void> SimCluster::kill(Death death) {
  running_ = false;
  if (death == Death::power) {
    sim_.kill(host_);
  } else if (death == Death::process) {
    sim_.kill_process(host_);
  }
  co_await wait_for_borrowers();
  (void)co_await node_->stop();
  node_.reset();
  if (death == Death::in_order) sim_.kill_process(host_);
}

Task<void> SimCluster::stop() {
  running_ = false;
  co_await wait_for_borrowers();
  if (node_) (void)co_await node_->stop();
  node_.reset();
}

Task<SimCluster::Borrowed> SimCluster::stream() {
  Borrowed borrowed{nullptr, borrowed_};
  if (!running_) co_return Borrowed{};
  std::string path = kStreamPath;
  auto handle = co_await node_->catalog().stream(path);
  if (!handle || !running_) co_return Borrowed{};
  borrowed.handle = *handle;
  co_return borrowed;
}

Task<void> SimCluster::wait_for_borrowers() {
  while (borrowed_.use_count() > 1) (void)co_await sleep_for(sim_.executor(), std::chrono::milliseconds(1));
}

}  // namespace distributary::sim
