#include "stream_bench/load.h"

#include <fmt/core.h>

#include "model/record_batch_builder.h"

namespace distributary::bench {
namespace {

constexpr size_t kDifferentBatches = 64;
constexpr auto kTick = std::chrono::milliseconds(1);

uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

// JSON lines of about `bytes`, no two alike.
std::string json_line(uint64_t& random, size_t bytes) {
  std::string line = fmt::format(R"({{"user":"{:08x}","event":"click","at":{})", next_random(random) & 0xffffffff,
                                 next_random(random) % 1000000000);
  while (line.size() + 1 < bytes) line += fmt::format(R"(,"f{}":{:x})", line.size() % 97, next_random(random));
  line.resize(bytes - 1);
  return line + "}";
}

std::vector<uint8_t> make_batch(uint64_t& random, size_t bytes) {
  size_t record = bytes >= 8192 ? 1000 : 90;  // a few more bytes with its header
  RecordBatchBuilder builder;
  size_t count = std::max<size_t>(1, (bytes - kBatchHeaderBytes) / (record + 20));
  size_t each = std::max<size_t>(64, (bytes - kBatchHeaderBytes) / count - 22);
  for (size_t i = 0; i < count; ++i) {
    std::string key = fmt::format("{:08x}", next_random(random) & 0xffffffff);
    std::string value = json_line(random, each);
    builder.add({.key = key, .value = value, .timestamp = 1'700'000'000'000});
  }
  return builder.build();
}

}  // namespace

Load::Load(BenchStream& stream, const Settings& settings, std::vector<TopicPartition> partitions)
    : stream_(stream),
      settings_(settings),
      partitions_(std::move(partitions)),
      random_(settings.seed * 0x9e3779b97f4a7c15) {
  for (size_t i = 0; i < kDifferentBatches; ++i) batches_.push_back(make_batch(random_, settings_.batch_bytes));
}

TopicPartition Load::pick() { return partitions_[(next_random(random_) >> 11) % partitions_.size()]; }

void Load::append_one(SteadyTime due) {
  const std::vector<uint8_t>& batch = batches_[next_random(random_) % batches_.size()];
  AppendedBatch appended = must(stream_.stream().append_batch(pick(), batch));
  pending_.push_back({appended.lsn, due});
}

void Load::note_acknowledged() {
  if (stream_.stream().failure()) die(*stream_.stream().failure());
  Lsn durable = stream_.stream().durable_lsn();
  SteadyTime now = stream_.executor().clock().now();
  while (!pending_.empty() && pending_.front().lsn <= durable) {
    auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - pending_.front().due).count();
    figures_.latencies.add(static_cast<uint64_t>(std::max<int64_t>(took, 0)));
    ++figures_.batches;
    figures_.bytes += batch_size();
    pending_.pop_front();
  }
}

Load::Figures Load::take() { return std::exchange(figures_, Figures{}); }

Task<Result<void>> Load::run_top(uint64_t bytes) {
  uint64_t sent = 0;
  while (sent < bytes || !pending_.empty()) {
    SteadyTime now = stream_.executor().clock().now();
    while (sent < bytes && (pending_.size() + 1) * batch_size() <= settings_.window) {
      append_one(now);
      sent += batch_size();
    }
    CO_TRY_STATUS(co_await stream_.stream().advanced().wait());
    note_acknowledged();
  }
  co_return Result<void>{};
}

Task<void> Load::watch() {
  while (sending_ || !pending_.empty()) {
    Status waited =
        co_await stream_.stream().advanced().wait(stream_.executor().clock().now() + std::chrono::milliseconds(100));
    (void)waited;  // a deadline: look again
    note_acknowledged();
  }
}

Task<void> Load::run_rate(double rate, SteadyTime end) {
  stopping_ = false;
  sending_ = true;
  TaskScope scope(stream_.executor());
  scope.spawn(watch());
  auto step = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(static_cast<double>(batch_size()) / (rate * 1e6)));
  SteadyTime due = stream_.executor().clock().now();
  for (;;) {
    SteadyTime now = stream_.executor().clock().now();
    if (stopping_ || now >= end) break;
    for (; due <= now; due += step) append_one(due);
    Status slept = co_await sleep_for(stream_.executor(), kTick);
    (void)slept;  // nobody stops it
  }
  sending_ = false;
  co_await scope.join();
}

}  // namespace distributary::bench
