// What the core of a stream costs without a disk: checksums, chain, append, group commit, index, fetch from memory.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/checksum.h"
#include "io/real/real_world.h"
#include "model/record_batch_builder.h"
#include "storage/memory/memory_log_store.h"
#include "stream/memory_index.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

using namespace distributary;

namespace {

std::vector<uint8_t> bytes_of(size_t size) {
  std::vector<uint8_t> bytes(size);
  uint32_t state = 1;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::vector<uint8_t> batch_of(size_t size) {
  std::vector<uint8_t> value = bytes_of(size - kBatchHeaderBytes - 16);
  return RecordBatchBuilder().add({.key = "k", .value = as_text(value), .timestamp = 1000}).build();
}

void crc32c_of_bytes(benchmark::State& state) {
  std::vector<uint8_t> bytes = bytes_of(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(static_cast<int64_t>(bytes.size()) * state.iterations());
}
BENCHMARK(crc32c_of_bytes)->Arg(100)->Arg(1024)->Arg(16384)->Arg(1 << 20);

// One step of an origin's chain: 20 bytes.
void chain_hash(benchmark::State& state) {
  std::vector<uint8_t> bytes = bytes_of(20);
  for (auto _ : state) {
    Hash128 hash = hash128(bytes);
    store_le(bytes.data(), hash.low);
    store_le(bytes.data() + 8, hash.high);
  }
}
BENCHMARK(chain_hash);

// A stream on the memory engine.
class OpenStream {
 public:
  OpenStream() {
    World& world = real_->world();
    std::unique_ptr<Log> log = must(real_->executor().run(store_.open(LogId{origin_.stream, 0}, 1)));
    stream_ = must(real_->executor().run(Stream::open(world, std::move(log), cache_, origin_, 1, StreamOptions{})));
    topic_ = must(stream_->create_topic("topic", kPartitions, TimestampType::create_time)).id;
  }
  ~OpenStream() { CHECK(real_->executor().run(stream_->close()).has_value()); }
  Stream& stream() { return *stream_; }
  TopicPartition partition(uint64_t n) const { return {topic_, static_cast<PartitionIndex>(n * 7919 % kPartitions)}; }
  void wait(Lsn lsn) { CHECK(real_->executor().run(stream_->wait_durable(lsn)).has_value()); }
  template <class T>
  T run(Task<Result<T>> task) {
    return must(real_->executor().run(std::move(task)));
  }

 private:
  static constexpr uint32_t kPartitions = 1000;
  template <class T>
  static T must(Result<T> result) {
    CHECK(result.has_value());
    return std::move(*result);
  }
  std::unique_ptr<RealWorld> real_ = make_real_world(1, 1);
  MemoryLogs logs_;
  MemoryLogStore store_{real_->executor(), logs_};
  TailCache cache_{16 << 20};
  Origin origin_{Uuid::from_random({5, 5, 5}), 1};
  std::unique_ptr<Stream> stream_;
  TopicUuid topic_;
};

// Batches of `size` into the group that gathers; what writes it is not counted.
void append(benchmark::State& state) {
  std::vector<uint8_t> batch = batch_of(static_cast<size_t>(state.range(0)));
  constexpr uint64_t kBetweenWrites = 8u << 20;
  std::optional<OpenStream> open;
  uint64_t waiting = kBetweenWrites;
  uint64_t n = 0;
  for (auto _ : state) {
    if (waiting >= kBetweenWrites) {
      state.PauseTiming();
      if (open) open->wait(open->stream().last_lsn());
      open.reset();
      open.emplace();  // the memory engine keeps it all
      waiting = 0;
      state.ResumeTiming();
    }
    CHECK(open->stream().append_batch(open->partition(n++), batch).has_value());
    waiting += batch.size();
  }
  if (open) open->wait(open->stream().last_lsn());
  state.SetItemsProcessed(static_cast<int64_t>(n));
  state.SetBytesProcessed(static_cast<int64_t>(n * batch.size()));
}
BENCHMARK(append)->Arg(1024)->Arg(16384)->Arg(1 << 20);

// Batches of `size` in groups of `per_wait`: append, write, sync, acknowledge, index.
void group_commit(benchmark::State& state) {
  std::vector<uint8_t> batch = batch_of(static_cast<size_t>(state.range(0)));
  auto per_wait = static_cast<uint64_t>(state.range(1));
  std::optional<OpenStream> open;
  uint64_t written = 0;
  uint64_t n = 0;
  for (auto _ : state) {
    if (!open || written > 128u << 20) {  // the memory engine keeps it all
      state.PauseTiming();
      open.reset();
      open.emplace();
      written = 0;
      state.ResumeTiming();
    }
    for (uint64_t i = 0; i < per_wait; ++i) CHECK(open->stream().append_batch(open->partition(n++), batch).has_value());
    open->wait(open->stream().last_lsn());
    written += per_wait * batch.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(n));
  state.SetBytesProcessed(static_cast<int64_t>(n * batch.size()));
}
BENCHMARK(group_commit)->Args({1024, 1})->Args({1024, 64})->Args({1024, 1024})->Args({16384, 1})->Args({16384, 64});

// One fetch of the newest batch of a partition, from the tail cache.
void fetch_tail(benchmark::State& state) {
  OpenStream open;
  std::vector<uint8_t> batch = batch_of(1024);
  for (uint64_t n = 0; n < 4000; ++n) CHECK(open.stream().append_batch(open.partition(n), batch).has_value());
  open.wait(open.stream().last_lsn());
  uint64_t n = 0;
  for (auto _ : state) {
    FetchedBatches fetched = open.run(open.stream().fetch(open.partition(n++), 3, 1 << 20, true));
    CHECK(fetched.batches.size() == 1);
  }
}
BENCHMARK(fetch_tail);

void index_add(benchmark::State& state) {
  MemoryIndex index;
  uint64_t n = 0;
  for (auto _ : state) {
    if (n % (1 << 20) == 0) index = MemoryIndex();
    index.add({n % 1000, static_cast<Offset>(n / 1000), 1, 1024, 1, n * 1024, 1000});
    ++n;
  }
}
BENCHMARK(index_add);

void index_lookup(benchmark::State& state) {
  MemoryIndex index;
  constexpr uint64_t kEntries = 200'000;
  for (uint64_t n = 0; n < kEntries; ++n)
    index.add({n % 1000, static_cast<Offset>(n / 1000), 1, 1024, 1, n * 1024, 1000});
  uint64_t n = 0;
  for (auto _ : state) {
    n += 7919;
    MemoryIndex::Found found = index.find(1, n % 1000, static_cast<Offset>(n % (kEntries / 1000)), 1, 1);
    CHECK(found.entries.size() == 1);
  }
}
BENCHMARK(index_lookup);

}  // namespace
