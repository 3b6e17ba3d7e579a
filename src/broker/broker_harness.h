// A broker over a catalog in a simulated world with logs in memory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "io/sim/sim_world.h"
#include "model/record_batch_builder.h"
#include "storage/memory/memory_log_store.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline std::vector<uint8_t> batch_of(const std::vector<std::string>& values, WallMillis time = 1000,
                                     Codec codec = Codec::none) {
  RecordBatchBuilder builder;
  builder.codec(codec);
  for (const std::string& value : values) builder.add({.key = "k", .value = value, .timestamp = time});
  return builder.build();
}

class BrokerHarness {
 public:
  explicit BrokerHarness(BrokerOptions options = {.cluster_name = "here", .default_stream = "/main"}) : sim(1) {
    sim.add_host("node");
    sim.add_host("client");
    client_world = &sim.start("client");
    options.group.initial_rebalance_delay = std::chrono::milliseconds(100);
    start(std::move(options));
    create_stream("/main");
  }
  ~BrokerHarness() { stop(); }

  void start(BrokerOptions options) {
    world = &sim.start("node");
    store = std::make_unique<MemoryLogStore>(world->executor, logs);
    meta_store = std::make_unique<MemoryMetaStore>(world->executor, meta);
    // Some tests walk through days, and memory does not fill up: no look at the space every second.
    Catalog::Options catalog_options{.space_interval = std::chrono::hours(1)};
    catalog = std::make_unique<Catalog>(*world, *store, *meta_store, cache, catalog_options);
    must(run(catalog->open()));
    broker = std::make_unique<Broker>(*world, *catalog, authorizer, std::move(options), 1);
    must(run(broker->load()));
  }
  void stop() {
    run(broker->stop());
    broker.reset();
    must(run(catalog->close()));
    catalog.reset();
    meta_store.reset();
    store.reset();
    sim.kill_process("node");
  }
  // A clean restart on the same disk.
  void restart() {
    BrokerOptions options = broker->options();
    stop();
    start(std::move(options));
  }

  // The node ends at this moment: what it would still have written of itself is lost.
  void kill() {
    MemoryMeta disk = meta;
    BrokerOptions options = broker->options();
    stop();
    meta = std::move(disk);
    start(std::move(options));
  }

  void create_stream(const std::string& path, StreamSettings settings = StreamSettings::for_creator("root")) {
    must(run(catalog->create(path, std::move(settings), "root")));
  }
  StreamHandle stream(const std::string& path) { return must(run(catalog->stream(path))); }
  TopicUuid create(const std::string& name, int32_t partitions = 1) {
    std::vector<NewTopic> topics{{.name = name, .partitions = partitions}};
    auto made = run(broker->topics().create(topics, false, caller, {}));
    EXPECT_TRUE(made[0].fault.ok()) << made[0].fault.message;
    return made[0].id;
  }
  ProducedPartition produce(const std::string& topic, int32_t partition, const std::vector<uint8_t>& batch,
                            int16_t acks = -1) {
    ProduceRequest request;
    request.acks = acks;
    request.topics = {{TopicReference{topic, {}}, {{partition, ByteView(batch)}}}};
    PendingProduce pending = must(run(broker->producer().append(request, caller, {})));
    return run(broker->producer().finish(std::move(pending), {}))[0].partitions[0];
  }
  ProducedPartition produce(const std::string& topic, int32_t partition, const std::vector<std::string>& values) {
    return produce(topic, partition, batch_of(values));
  }
  FetchRequest fetch_request(const std::string& topic, Offset offset, int32_t partition = 0) {
    FetchRequest request;
    names.push_back(std::make_unique<std::string>(topic));
    request.topics = {{TopicReference{*names.back(), {}}, {{.partition = partition, .offset = offset}}}};
    return request;
  }
  std::vector<FetchedTopic> fetch(const FetchRequest& request) {
    return run(broker->fetcher().fetch(request, caller, {})).topics;
  }

  template <class T>
  T run(Task<T> task) {
    return sim.executor().run(std::move(task));
  }

  SimWorld sim;
  World* world = nullptr;
  World* client_world = nullptr;
  MemoryLogs logs;
  MemoryMeta meta;
  TailCache cache{64 << 20};
  AllowAll allow_all;
  StreamPermissions permissions;
  Authorizer& authorizer = allow_all;
  Caller caller{.principal = {.user = "root"}};
  std::unique_ptr<MemoryLogStore> store;
  std::unique_ptr<MemoryMetaStore> meta_store;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<Broker> broker;
  std::vector<std::unique_ptr<std::string>> names;  // kept for requests that borrow them
};

}  // namespace distributary
