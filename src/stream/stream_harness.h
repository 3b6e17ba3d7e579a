// A stream in a simulated world, for tests: opens it on local storage over a simulated disk, crashes it, opens it
// again.
#pragma once

#include <gtest/gtest.h>

#include "io/sim/sim_world.h"
#include "model/record_batch_builder.h"
#include "storage/local/local_log_store.h"
#include "stream/node_turns.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary {

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline std::vector<uint8_t> batch_of(const std::vector<std::string>& values, WallMillis time = 1000) {
  RecordBatchBuilder builder;
  for (const std::string& value : values) builder.add({.key = "k", .value = value, .timestamp = time});
  return builder.build();
}

class StreamHarness {
 public:
  explicit StreamHarness(uint64_t seed = 1) : sim(seed) {
    sim.add_host("host");
    start();
  }
  ~StreamHarness() {
    if (stream) must(sim.executor().run(stream->close()));
    stream.reset();
  }

  void start() {
    world = &sim.start("host");
    LocalLogOptions local{.root = "/data", .reserve = 0};
    store = must(sim.executor().run(LocalLogStore::start(world->executor, world->files, local)));
  }
  Result<std::unique_ptr<Stream>> try_open() {
    auto log = sim.executor().run(store->open(LogId{origin.stream, 0}, ++epoch));
    if (!log) return fail(log.error());
    return sim.executor().run(Stream::open(*world, std::move(*log), cache, origin, epoch, options, turns));
  }
  void open() { stream = must(try_open()); }
  void close() {
    must(sim.executor().run(stream->close()));
    stream.reset();
  }
  // Power failure: what was not synced may be lost.
  void crash() {
    sim.kill("host");
    (void)sim.executor().run(stream->close());
    stream.reset();
    store.reset();
    start();
  }
  void reopen_after_crash() {
    crash();
    open();
  }

  TopicUuid create(const std::string& name, uint32_t partitions = 1) {
    auto created = must(stream->create_topic(name, partitions, TimestampType::create_time));
    wait(created.lsn);
    return created.id;
  }
  void wait(Lsn lsn) { must(sim.executor().run(stream->wait_durable(lsn))); }
  AppendedBatch append(TopicPartition partition, const std::vector<std::string>& values, WallMillis time = 1000) {
    return must(stream->append_batch(partition, batch_of(values, time)));
  }
  AppendedBatch produce(TopicPartition partition, const std::vector<std::string>& values, WallMillis time = 1000) {
    AppendedBatch appended = append(partition, values, time);
    wait(appended.lsn);
    return appended;
  }
  Result<FetchedBatches> fetch(TopicPartition partition, Offset from, size_t bytes_max = 1 << 20) {
    return sim.executor().run(stream->fetch(partition, from, bytes_max, true));
  }
  // All values of a partition from its log start, by repeated fetches.
  std::vector<std::string> read_all(TopicPartition partition) {
    std::vector<std::string> values;
    const PartitionState at = stream->state().topic(partition.topic)->partitions[partition.partition];
    for (Offset from = at.log_start; from < at.high_watermark;) {
      FetchedBatches fetched = must(fetch(partition, from, 64 << 10));
      if (fetched.batches.empty()) {
        ADD_FAILURE() << "nothing at offset " << from;
        break;
      }
      for (const Piece& batch : fetched.batches) from = add_values(batch.bytes(), from, values);
    }
    return values;
  }

  SimWorld sim;
  World* world = nullptr;
  Origin origin{Uuid::from_random({7, 7, 7}), 1};
  StorageEpoch epoch = 0;
  StreamOptions options;
  TailCache cache{1 << 20};
  NodeTurns* turns = nullptr;
  std::unique_ptr<LocalLogStore> store;
  std::unique_ptr<Stream> stream;

 private:
  static Offset add_values(const Bytes& bytes, Offset from, std::vector<std::string>& values);
};

}  // namespace distributary
