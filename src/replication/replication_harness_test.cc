// The bodies of replication_harness.h, and a test that the harness itself tells equal from unequal.
#include "replication/replication_harness.h"

namespace distributary {

TestCluster::Node::Node(World& world, TestCluster& cluster)
    : cache(1 << 20),
      logs(world.executor, cluster.logs),
      meta(world.executor, cluster.meta),
      catalog(world, logs, meta, cache, cluster.catalog_options),
      links(world, catalog, meta, cluster, cluster.link_options),
      copies(world, catalog, meta, links),
      gateway(world, catalog, meta, cluster, cluster.gateway_options) {}

TestCluster::TestCluster(SimWorld& sim, std::string name, bool secure)
    : sim_(sim), name_(std::move(name)), secure_(secure) {
  std::optional<PeerIdentity> identity;
  if (secure) identity = PeerIdentity{fingerprint_of(name_), "node1." + name_};
  sim_.add_host(name_, identity);
  know(*this);
}

TestCluster::~TestCluster() { CHECK(!running()); }

void TestCluster::know(const TestCluster& other) {
  trust_[other.name_] = {other.secure_, other.secure_ ? fingerprint_of(other.name_) : ""};
  gateway_addresses[other.name_] = {Address{other.name_, kPort}};
}

std::optional<ClusterTrust> TestCluster::trust(const std::string& cluster) {
  auto found = trust_.find(cluster);
  return found == trust_.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<std::vector<Address>>> TestCluster::gateways(std::string cluster) {
  auto found = gateway_addresses.find(cluster);
  if (found == gateway_addresses.end()) co_return fail(ErrorCode::not_found, "no gateways of " + cluster);
  co_return found->second;
}

void TestCluster::start() {
  World& world = sim_.start(name_);
  node_ = std::make_unique<Node>(world, *this);
  must(run(node_->catalog.open()));
  node_->links.start();
  must(run(node_->copies.start()));
  must(node_->gateway.start(Address{name_, kPort}));
}

void TestCluster::take_down() {
  run(node_->gateway.stop());
  run(node_->copies.stop());
  run(node_->links.stop());
  (void)run(node_->catalog.close());
  node_.reset();
}

void TestCluster::kill() {
  sim_.kill(name_);
  logs.crash(&sim_.random());
  MemoryMeta kept = meta;  // what the dying node still writes is lost
  take_down();
  meta = kept;
}

void TestCluster::stop() {
  take_down();
  sim_.kill_process(name_);
}

TopicUuid TestCluster::create_topic(const std::string& path, const std::string& topic) {
  StreamHandle handle = open(path);
  auto created = must(handle->stream->create_topic(topic, 1, TimestampType::create_time));
  must(run(handle->stream->wait_durable(created.lsn)));
  return created.id;
}

bool TestCluster::produce(const std::string& path, const std::string& topic, const std::vector<std::string>& values,
                          bool wait) {
  StreamHandle handle = open(path);
  const Topic* found = handle->stream->state().topic_named(topic);
  if (found == nullptr) return false;
  RecordBatchBuilder builder;
  for (const std::string& value : values) builder.add({.key = "k", .value = value, .timestamp = 1000});
  std::vector<uint8_t> batch = builder.build();
  Result<AppendedBatch> appended = handle->stream->append_batch({found->id, 0}, batch);
  if (!appended) return false;
  if (wait) must(run(handle->stream->wait_durable(appended->lsn)));
  return true;
}

void TestCluster::commit(const std::string& path, const std::string& group, const std::string& topic, Offset offset) {
  StreamHandle handle = open(path);
  TopicUuid id = handle->stream->state().topic_named(topic)->id;
  Lsn lsn = must(handle->stream->commit_cursors(group, {{{id, 0}, offset, 0, "m"}}));
  must(run(handle->stream->wait_durable(lsn)));
}

std::vector<std::string> TestCluster::history(const std::string& path) {
  StreamHandle handle = open(path);
  std::vector<std::string> out;
  LogPosition at = must(run(handle->stream->find_position({})));
  for (;;) {
    LogChunk chunk = must(run(handle->stream->read_log(at, 1 << 20)));
    for (const Bytes& content : chunk.contents)
      out.push_back(std::to_string(ContentView(content).origin_lsn()) + " " + to_hex(hash128(content)));
    if (chunk.next.next == at.next) return out;
    at = chunk.next;
  }
}

void TestCluster::add_replica(const std::string& path, TestCluster& to, const std::string& to_path, bool paused) {
  ReplicaRegistration replica;
  replica.cluster = to.name_;
  replica.path = to_path;
  replica.uuid = to.record(to_path).uuid;
  replica.paused = paused;
  must(run(catalog().add_replica(path, replica)));
}

void TestCluster::add_upstream(const std::string& path, TestCluster& from, const std::string& from_path) {
  UpstreamRegistration upstream;
  upstream.cluster = from.name_;
  upstream.path = from_path;
  upstream.uuid = from.record(from_path).uuid;
  must(run(catalog().add_upstream(path, upstream)));
}

void TestCluster::set_paused(const std::string& path, bool paused) {
  ReplicaRegistration replica = record(path).replicas.at(0);
  replica.paused = paused;
  must(run(catalog().edit_replica(path, replica)));
}

ReplicaStatus TestCluster::status(const std::string& path) {
  std::vector<ReplicaStatus> all = must(run(links().replicas(record(path).uuid)));
  return all.empty() ? ReplicaStatus{} : all.at(0);
}

bool TestCluster::wait_replicated(const std::string& path, Duration limit) {
  SteadyTime until = sim_.executor().now() + limit;
  while (sim_.executor().now() < until) {
    ReplicaStatus now = status(path);
    if (now.connected && now.up_to_date) return true;
    sim_.executor().run_for(std::chrono::milliseconds(50));
  }
  ReplicaStatus now = status(path);
  ADD_FAILURE() << "not replicated: " << to_string(now.link_state) << ", " << now.entries_pending
                << " entries pending, "
                << (now.problem ? now.problem->code + " " + now.problem->message : "no problem");
  return false;
}

bool TestCluster::wait_state(const std::string& path, LinkState state, Duration limit) {
  SteadyTime until = sim_.executor().now() + limit;
  while (sim_.executor().now() < until) {
    if (status(path).link_state == state) return true;
    sim_.executor().run_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << "state is " << to_string(status(path).link_state) << ", expected " << to_string(state);
  return false;
}

bool TestCluster::wait_problem(const std::string& path, const std::string& code, Duration limit) {
  SteadyTime until = sim_.executor().now() + limit;
  while (sim_.executor().now() < until) {
    ReplicaStatus now = status(path);
    if (now.problem && now.problem->code == code) return true;
    sim_.executor().run_for(std::chrono::milliseconds(20));
  }
  ReplicaStatus now = status(path);
  ADD_FAILURE() << "problem is " << (now.problem ? now.problem->code + " " + now.problem->message : "none")
                << ", expected " << code;
  return false;
}

void TwoClusters::set_up(bool paused, bool upstream) {
  sf.create("/a");
  ny.create("/a");
  sf.create_topic("/a", "t");
  if (upstream) ny.add_upstream("/a", sf, "/a");
  sf.add_replica("/a", ny, "/a", paused);
}

void TwoClusters::expect_equal() {
  EXPECT_EQ(sf.origins("/a"), ny.origins("/a"));
  EXPECT_EQ(sf.history("/a"), ny.history("/a"));
}

TEST(ReplicationHarness, TellsEqualFromUnequal) {
  TwoClusters two(1);
  two.start();
  two.set_up(true);
  ASSERT_TRUE(two.sf.produce("/a", "t", {"x"}));
  EXPECT_EQ(two.sf.history("/a").size(), 2u);
  EXPECT_TRUE(two.ny.history("/a").empty());
  EXPECT_NE(two.sf.origins("/a"), two.ny.origins("/a"));
}

}  // namespace distributary
