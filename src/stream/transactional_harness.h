// A stream of compacted topics that transactions write, in a simulated world, for tests.
#pragma once

#include <algorithm>
#include <map>

#include "stream/compaction_harness.h"

namespace distributary {

struct TransactionalHarness : CompactionHarness {
  explicit TransactionalHarness(uint64_t seed = 1) : CompactionHarness(seed) {}

  void begin(TopicPartition partition, int64_t producer) {
    wait(must(stream->extend_transaction({producer, 0, "id " + std::to_string(producer), 60'000, {partition}})));
  }
  Offset send(TopicPartition partition, int64_t producer, const std::string& key, std::optional<std::string> value) {
    RecordBatchBuilder builder;
    builder.producer(producer, 0, sequences[producer]++).transactional();
    builder.add({.key = key, .value = value, .timestamp = sim.executor().wall_now()});
    AppendedBatch appended = must(stream->append_batch(partition, builder.build()));
    wait(appended.lsn);
    return appended.base_offset;
  }
  void commit_positions(int64_t producer, const std::string& group, TopicPartition partition, Offset offset) {
    wait(must(stream->add_positions({producer, 0, group, {{partition, offset, 0, "metadata"}}})));
  }
  void end(int64_t producer, bool committed) { wait(must(stream->end_transaction({producer, 0, committed, false}))); }
  Offset whole(TopicPartition partition, int64_t producer, const std::string& key, std::optional<std::string> value,
               bool committed) {
    begin(partition, producer);
    Offset offset = send(partition, producer, key, std::move(value));
    end(producer, committed);
    return offset;
  }
  // As a reader of committed records sees it.
  std::map<std::string, std::optional<std::string>> committed_table(TopicPartition partition) {
    std::map<std::string, std::optional<std::string>> newest;
    for (const auto& [offset, seen] : records(partition)) {
      if (offset >= last_stable(partition)) break;
      if (!is_aborted(partition, offset)) newest[seen.key] = seen.value;
    }
    return newest;
  }
  Offset last_stable(TopicPartition partition) {
    return stream->state().last_stable(*stream->state().topic(partition.topic), partition.partition);
  }
  bool is_aborted(TopicPartition partition, Offset offset) {
    Bytes bytes = *batch_at(partition, offset);
    RecordBatchView batch = must(RecordBatchView::parse(bytes));
    if (!batch.transactional()) return false;
    auto aborted = stream->state().transactions().aborted(partition, offset, offset + 1);
    return std::any_of(aborted.begin(), aborted.end(), [&](const AbortedTransaction& one) {
      return one.producer_id == batch.producer_id() && one.first <= offset && offset < one.marker;
    });
  }

  std::map<int64_t, int32_t> sequences;
};

}  // namespace distributary
