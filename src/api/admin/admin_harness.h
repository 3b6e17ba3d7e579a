// Clusters in a simulated world that answer administration, for tests: everything of a node but brokers, links and
// gateway.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "api/admin/admin_service.h"
#include "api/admin/command_line.h"
#include "io/sim/sim_world.h"
#include "storage/memory/memory_log_store.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary::admin {

// Says what the test put in, and remembers what it was asked.
class FakeReplication final : public ReplicationControl {
 public:
  Task<std::optional<ReplicaStatus>> replica(Uuid, uint32_t) override { co_return replica_status; }
  std::optional<UpstreamStatus> upstream(const Uuid&, uint32_t) override { return upstream_status; }
  Task<Result<Uuid>> start_copy(CopyOrder order) override {
    orders.push_back(std::move(order));
    co_return jobs.empty() ? Uuid{} : jobs.front().id;
  }
  Task<Status> cancel_copy(Uuid job) override {
    cancelled.push_back(job);
    co_return Status{};
  }
  std::vector<CopyStatus> copies() override {
    if (!later_jobs.empty() && polls++ > 0) {
      jobs = {later_jobs.front()};
      later_jobs.erase(later_jobs.begin());
    }
    return jobs;
  }
  Task<Result<std::string>> grant_copy(CopyGrant grant) override {
    grants.push_back(std::move(grant));
    co_return std::string("secret");
  }

  std::optional<ReplicaStatus> replica_status;
  std::optional<UpstreamStatus> upstream_status;
  std::vector<CopyStatus> jobs;
  std::vector<CopyStatus> later_jobs;  // taken one by one, from the second question on
  int polls = 0;
  std::vector<CopyOrder> orders;
  std::vector<CopyGrant> grants;
  std::vector<Uuid> cancelled;
};

class CapturedOutput final : public Output {
 public:
  void out(std::string_view text) override { printed += text; }
  void error(std::string_view text) override { errors += text; }
  std::string printed;
  std::string errors;
};

struct AdminNode {
  AdminNode(World& world_in, std::string cluster, const ClusterMap& map)
      : world(world_in),
        logs_store(world.executor, logs),
        meta_store(world.executor, meta),
        cache(1u << 20),
        catalog(world, logs_store, meta_store, cache, Catalog::Options{}),
        gateways(meta_store, map),
        remote(world, map, nullptr),
        context{.world = world,
                .cluster = cluster,
                .catalog = catalog,
                .map = map,
                .gateways = gateways,
                .remote = remote,
                .replication = replication,
                .own_gateways = {Address{cluster, kGatewayPort}},
                .host = cluster + ":9092",
                .administrators = {"root"}},
        service(context, {}) {}

  World& world;
  MemoryLogs logs;
  MemoryMeta meta;
  MemoryLogStore logs_store;
  MemoryMetaStore meta_store;
  TailCache cache;
  Catalog catalog;
  GatewayDirectory gateways;
  RemoteClusters remote;
  FakeReplication replication;
  AdminContext context;
  AdminService service;
  std::unique_ptr<HttpServer> server;
};

// Clusters `sf` and `ny`, and a host `desk` for people.
class AdminTest : public testing::Test {
 protected:
  AdminTest() : map_(*ClusterMap::parse("sf sf\nny ny\nghost ghost:7222\n", "clusters.conf")) {
    for (const char* host : {"sf", "ny", "desk", "ghost"}) sim_.add_host(host);
    desk_ = &sim_.start("desk");
    for (const char* cluster : {"sf", "ny"}) start(cluster);
  }
  ~AdminTest() override {
    for (auto& [name, node] : nodes_) {
      if (node->server) run(node->server->stop());
      Status closed = run(node->catalog.close());
      EXPECT_TRUE(closed);
    }
  }

  void start(const std::string& cluster) {
    World& world = sim_.start(cluster);
    auto node = std::make_unique<AdminNode>(world, cluster, map_);
    Status opened = run(node->catalog.open());
    ASSERT_TRUE(opened) << opened.error().message;
    auto listener = world.network.listen(Address{cluster, kAdminPort}, nullptr);
    ASSERT_TRUE(listener) << listener.error().message;
    node->server = std::make_unique<HttpServer>(world, std::move(*listener), false, node->service);
    node->server->start();
    nodes_[cluster] = std::move(node);
  }
  template <class T>
  T run(Task<T> task) {
    return sim_.executor().run(std::move(task));
  }
  CommandLineSetting setting(bool terminal = false) {
    return {
        .world = *desk_, .map = map_, .identity = nullptr, .program = "maprcli", .user = user_, .terminal = terminal};
  }
  // Runs a line of maprcli. What was printed and what went wrong are in `output_`.
  int maprcli(const std::vector<std::string>& arguments) {
    output_ = CapturedOutput();
    if (auto help = answer_help(CommandTable::instance(), arguments, "maprcli", output_); help.exit) return *help.exit;
    auto line = parse_command_line(CommandTable::instance(), arguments);
    EXPECT_TRUE(line) << line.error().message;
    return run(run_command(setting(), std::move(*line), output_));
  }
  void must(const std::vector<std::string>& arguments) { EXPECT_EQ(maprcli(arguments), kExitOk) << output_.errors; }
  // The error line of a command that fails.
  std::string error_of(const std::vector<std::string>& arguments) {
    EXPECT_EQ(maprcli(arguments), kExitFailed);
    EXPECT_EQ(output_.printed, "");
    return output_.errors;
  }
  StreamHandle stream(const std::string& cluster, const std::string& path) {
    auto handle = run(nodes_.at(cluster)->catalog.stream(path));
    EXPECT_TRUE(handle) << handle.error().message;
    return handle ? *handle : nullptr;
  }

  SimWorld sim_{11};
  ClusterMap map_;
  World* desk_;
  std::string user_ = "root";
  std::map<std::string, std::unique_ptr<AdminNode>> nodes_;
  CapturedOutput output_;
};

}  // namespace distributary::admin
