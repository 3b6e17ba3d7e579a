// Consumers that read partitions from their begin to where they ended when the reading began, and check what they get.
#pragma once

#include <vector>

#include "io/task_scope.h"
#include "stream_bench/bench_stream.h"
#include "common/latencies.h"
#include "stream_bench/measures.h"

namespace distributary::bench {

struct CatchUp {
  uint64_t batches = 0;
  uint64_t bytes = 0;  // of record batches
  size_t fetches = 0;
  size_t finished = 0;  // consumers that came to the end
  Latencies fetch_times;
};

// One consumer per partition, all at once, until all are done or `end`. Ends the program on a wrong offset or checksum.
Task<void> catch_up(BenchStream& stream, std::vector<TopicPartition> partitions, size_t fetch_bytes, SteadyTime end,
                    CatchUp& out);

}  // namespace distributary::bench
