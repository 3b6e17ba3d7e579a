// What checking a produced batch costs: the header and CRC alone, and with the walk over the records, by codec and size
// of the values.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "model/record_batch_builder.h"
#include "model/record_batch_check.h"

using namespace distributary;

namespace {

// About 1 MiB of records whose values compress by about a half.
std::vector<uint8_t> batch_of(Codec codec, size_t value_bytes) {
  RecordBatchBuilder builder;
  std::string value(value_bytes, '\0');
  uint32_t state = 1;
  for (size_t total = 0; total < (1 << 20); total += value_bytes) {
    for (size_t i = 0; i < value_bytes; ++i) {
      state = state * 1664525 + 1013904223;
      value[i] = i % 2 == 0 ? static_cast<char>(state >> 24) : 'v';
    }
    builder.add({.key = "some key", .value = value, .timestamp = static_cast<WallMillis>(total)});
  }
  return builder.codec(codec).build();
}

void batch_check_header(benchmark::State& state) {
  std::vector<uint8_t> batch = batch_of(static_cast<Codec>(state.range(0)), static_cast<size_t>(state.range(1)));
  for (auto _ : state) CHECK(check_produced_batch(batch, {}));
  state.SetBytesProcessed(static_cast<int64_t>(batch.size()) * state.iterations());
}

void batch_check_all(benchmark::State& state) {
  std::vector<uint8_t> batch = batch_of(static_cast<Codec>(state.range(0)), static_cast<size_t>(state.range(1)));
  Decompressor decompressor;
  BatchLimits limits;
  for (auto _ : state) {
    auto checked = check_produced_batch(batch, limits);
    CHECK(checked && check_records(*checked, limits, decompressor));
  }
  state.SetBytesProcessed(static_cast<int64_t>(batch.size()) * state.iterations());
}

void codecs_and_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"codec", "value"})->ArgsProduct({{0, 1, 2, 3, 4}, {100, 10000}})->Unit(benchmark::kMicrosecond);
}

}  // namespace

BENCHMARK(batch_check_header)
    ->ArgNames({"codec", "value"})
    ->Args({0, 100})
    ->Args({0, 10000})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(batch_check_all)->Apply(codecs_and_sizes);
