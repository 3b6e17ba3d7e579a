// Producers: append ready-made batches to partitions chosen at random, and note when they are acknowledged.
#pragma once

#include <deque>
#include <vector>

#include "io/signal.h"
#include "io/task_scope.h"
#include "stream_bench/bench_stream.h"
#include "common/latencies.h"
#include "stream_bench/measures.h"

namespace distributary::bench {

class Load {
 public:
  Load(BenchStream& stream, const Settings& settings, std::vector<TopicPartition> partitions);

  // As fast as `window` unacknowledged bytes allow, until so many bytes are durable.
  Task<Result<void>> run_top(uint64_t bytes);
  // At `rate` MB/s in open loop (a latency counts from when the batch was due), until `end`.
  Task<void> run_rate(double rate, SteadyTime end);
  // The same until `stop_rate`.
  void stop() { stopping_ = true; }

  // Since the last call.
  struct Figures {
    Latencies latencies;
    uint64_t batches = 0;
    uint64_t bytes = 0;
  };
  Figures take();
  size_t batch_size() const { return batches_.front().size(); }

 private:
  struct Pending {
    Lsn lsn;
    SteadyTime due;
  };
  void append_one(SteadyTime due);
  void note_acknowledged();
  Task<void> watch();
  TopicPartition pick();

  BenchStream& stream_;
  const Settings settings_;
  std::vector<TopicPartition> partitions_;
  std::vector<std::vector<uint8_t>> batches_;
  std::deque<Pending> pending_;
  Figures figures_;
  uint64_t random_;
  bool stopping_ = false;
  bool sending_ = false;
};

}  // namespace distributary::bench
