// A stream of compacted topics in a simulated world, for tests: small segments, batches of keys and values.
#pragma once

#include <map>

#include "model/record.h"
#include "stream/stream_harness.h"

namespace distributary {

struct CompactionHarness : StreamHarness {
  explicit CompactionHarness(uint64_t seed = 1) : StreamHarness(seed) {
    options.segment_bytes = 8192;
    options.checkpoint_bytes = 20'000;
    options.topics.cleanup_policy = CleanupPolicy::compact;
    options.ttl = std::chrono::seconds(0);
    cache = TailCache(64 << 10);
  }
  Status purge() { return sim.executor().run(stream->purge()); }
  // One batch; a value of nullopt is a tombstone.
  using Item = std::pair<std::string, std::optional<std::string>>;
  Offset put(TopicPartition partition, const std::vector<Item>& items, Codec codec = Codec::none) {
    RecordBatchBuilder builder;
    builder.codec(codec);
    for (const auto& [key, value] : items)
      builder.add({.key = key, .value = value, .timestamp = sim.executor().wall_now()});
    AppendedBatch appended = must(stream->append_batch(partition, builder.build()));
    if (appended.lsn % 4 == 0) wait(appended.lsn);
    return appended.base_offset;
  }
  struct Seen {
    std::string key;
    std::optional<std::string> value;
    bool operator==(const Seen&) const = default;
  };
  // What a reader from the begin sees, by offset.
  std::map<Offset, Seen> records(TopicPartition partition) {
    std::map<Offset, Seen> seen;
    const PartitionState at = stream->state().topic(partition.topic)->partitions[partition.partition];
    for (Offset next = at.log_start; next < at.high_watermark;) {
      auto fetched = fetch(partition, next, 4000);
      EXPECT_TRUE(fetched) << fetched.error().message;
      if (!fetched || fetched->batches.empty()) break;
      for (const Piece& bytes : fetched->batches) {
        RecordBatchView batch = must(RecordBatchView::parse(bytes));
        EXPECT_EQ(batch.crc(), batch.computed_crc());
        if (batch.control()) {
          next = batch.next_offset();
          continue;
        }
        RecordReader reader = must(RecordReader::open(batch, 1 << 20));
        while (auto record = must(reader.next())) {
          if (record->offset < next) continue;
          Seen one{std::string(as_text(*record->key)), std::nullopt};
          if (record->value) one.value = std::string(as_text(*record->value));
          seen[record->offset] = one;
        }
        EXPECT_GE(batch.next_offset(), next);
        next = batch.next_offset();
      }
    }
    return seen;
  }
  std::map<std::string, std::optional<std::string>> table(TopicPartition partition) {
    std::map<std::string, std::optional<std::string>> newest;
    for (const auto& [offset, seen] : records(partition)) newest[seen.key] = seen.value;
    return newest;
  }
  // What is left of one batch; nullopt when nothing is.
  std::optional<Bytes> batch_at(TopicPartition partition, Offset offset) {
    FetchedBatches fetched = must(fetch(partition, offset, 1));
    if (fetched.batches.empty()) return std::nullopt;
    RecordBatchView batch = must(RecordBatchView::parse(fetched.batches[0]));
    if (batch.base_offset() > offset) return std::nullopt;
    return fetched.batches[0].bytes();
  }
  TopicPartition create_with(const std::string& name, TopicSettings settings) {
    auto created = must(stream->create_topic(name, 1, TimestampType::create_time, std::move(settings)));
    wait(created.lsn);
    return {created.id, 0};
  }
  void set(TopicPartition topic, TopicSettings settings) {
    wait(must(stream->alter_topic(topic.topic, {1, TimestampType::create_time, std::move(settings)})));
  }
  // How many rewrites there have been, by the number of the newest that is left.
  uint64_t rewrites() {
    uint64_t newest = 0;
    for (const std::string& name :
         must(sim.executor().run(world->files.list("/data/logs/" + to_string(LogId{origin.stream, 0}))))) {
      const size_t dash = name.rfind('-');
      if (name.starts_with("segment-") && dash > 8)
        newest = std::max<uint64_t>(newest, std::stoull(name.substr(dash + 1)));
    }
    return newest;
  }
  void advance(Duration span) { sim.executor().run_for(span); }
  void retain() {
    must(sim.executor().run(stream->enforce_retention()));
    advance(std::chrono::seconds(10));
  }
  // What first contact sends, then the whole retained log.
  void replicate_to(CompactionHarness& replica) {
    if (stream->rewritten_until(origin) > 0) must(replica.stream->append_replicated(stream->rewritten_note(origin)));
    LogPosition position = must(sim.executor().run(stream->find_position({})));
    while (position.next < stream->durable_end().next) {
      LogChunk chunk = must(sim.executor().run(stream->read_log(position, 5000)));
      for (const Bytes& content : chunk.contents) must(replica.stream->append_replicated(content));
      position = chunk.next;
    }
    replica.wait(replica.stream->last_lsn());
  }
  void fill(TopicPartition partition, int keys, int rounds, Codec codec = Codec::none) {
    for (int round = 0; round < rounds; ++round) {
      for (int key = 0; key < keys; key += 2) {
        std::string value = "round " + std::to_string(round) + std::string(80, '.');
        put(partition, {{"key " + std::to_string(key), value}, {"key " + std::to_string(key + 1), value}}, codec);
      }
    }
    wait(stream->last_lsn());
  }
};

}  // namespace distributary
