#include "stream_bench/catch_up.h"

#include <fmt/core.h>

#include "model/record_batch.h"

namespace distributary::bench {
namespace {

// The offset after the batch; the program ends if it is not the one that was to come or does not match its checksum.
Offset check_batch(const Bytes& bytes, Offset expected) {
  RecordBatchView batch = must(RecordBatchView::parse(bytes));
  bool good = batch.base_offset() == expected && batch.computed_crc() == batch.crc() && batch.size() == bytes.size();
  if (!good)
    die(Error{ErrorCode::corrupt, fmt::format("expected offset {}, got a batch at {}", expected, batch.base_offset())});
  return batch.next_offset();
}

Task<void> consume(BenchStream& stream, TopicPartition partition, size_t fetch_bytes, SteadyTime end, CatchUp& out) {
  PartitionState state = stream.stream().state().topic(partition.topic)->partitions[partition.partition];
  Offset last = state.high_watermark;
  Clock& clock = stream.executor().clock();
  for (Offset at = state.log_start; at < last;) {
    SteadyTime began = clock.now();
    if (began >= end) co_return;
    FetchedBatches fetched = must(co_await stream.stream().fetch(partition, at, fetch_bytes, true));
    if (fetched.batches.empty())
      die(Error{ErrorCode::corrupt, fmt::format("nothing at offset {}, the end is {}", at, last)});
    for (const Piece& batch : fetched.batches) at = check_batch(batch, at);
    ++out.fetches;
    out.batches += fetched.batches.size();
    out.bytes += fetched.bytes;
    out.fetch_times.add(
        static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - began).count()));
  }
  ++out.finished;
}

}  // namespace

Task<void> catch_up(BenchStream& stream, std::vector<TopicPartition> partitions, size_t fetch_bytes, SteadyTime end,
                    CatchUp& out) {
  TaskScope scope(stream.executor());
  for (TopicPartition partition : partitions) scope.spawn(consume(stream, partition, fetch_bytes, end, out));
  co_await scope.join();
}

}  // namespace distributary::bench
