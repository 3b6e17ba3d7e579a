#include "broker/log_sizes.h"

#include "io/task_scope.h"

namespace distributary {
namespace {

constexpr uint64_t kPartitionsPerTurn = 64;  // measured before others go first

}  // namespace

// Partitions may be added, and the topic deleted, while others are measured.
Task<void> LogSizes::measure(StreamHandle stream, TopicUuid topic, std::vector<int32_t> partitions, TopicSizes& out) {
  for (int32_t index : partitions) {
    const Topic* now = stream->stream->state().topic(topic);
    if (now == nullptr) co_return;
    if (!check_partition(*now, index).ok()) continue;
    TopicPartition place{topic, static_cast<PartitionIndex>(index)};
    Result<uint64_t> bytes = co_await stream->stream->partition_bytes(place);
    if (bytes) {
      out.partitions.push_back({index, *bytes});
    } else {
      out.fault = fault_of(bytes.error(), Subject::storage);
    }
    if (++measured_ % kPartitionsPerTurn == 0) co_await yield_to_others(context_.world.executor);
  }
}

Task<std::vector<TopicSizes>> LogSizes::find(const std::vector<SizeQuery>& queries, const Caller& caller) {
  std::vector<TopicSizes> out;
  TopicLookup lookup(context_.directory, caller);
  for (const SizeQuery& query : queries) {
    FoundTopic found = co_await lookup.find(query.topic);
    if (!found.fault.ok()) continue;
    TopicSizes& sizes = out.emplace_back();
    sizes.name = std::string(query.topic.name);
    const TopicUuid id = found.topic->id;
    std::vector<int32_t> partitions = query.partitions;
    co_await measure(found.stream, id, std::move(partitions), sizes);
  }
  co_return out;
}

Task<std::vector<TopicSizes>> LogSizes::all(const Caller& caller, std::stop_token stop) {
  std::vector<TopicSizes> out;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    std::vector<TopicUuid> topics;
    for (const auto& [name, ordinal] : stream->stream->state().names()) {
      if (const Topic* topic = stream->stream->state().topic_at(ordinal)) topics.push_back(topic->id);
    }
    for (const TopicUuid& id : topics) {
      if (stop.stop_requested()) co_return out;
      const Topic* topic = stream->stream->state().topic(id);
      if (topic == nullptr) continue;
      TopicSizes& sizes = out.emplace_back();
      sizes.name = context_.directory.names().display(stream->record.path, topic->name);
      std::vector<int32_t> partitions(topic->partitions.size());
      for (size_t i = 0; i < partitions.size(); ++i) partitions[i] = static_cast<int32_t>(i);
      co_await measure(stream, id, std::move(partitions), sizes);
    }
  }
  co_return out;
}

}  // namespace distributary
