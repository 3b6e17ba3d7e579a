#include "broker/record_remover.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/durable_deadline.h"

namespace distributary {

void RecordRemover::remove_one(const FoundTopic& found, Offset before, DurableWait& wait, RemovedRecords& out) {
  out.fault = check_partition(*found.topic, out.partition);
  if (!out.fault.ok()) return;
  const EffectiveTopicSettings in_force =
      effective_settings(found.topic->settings.get(), found.stream->record.settings);
  if (!removes(in_force.cleanup_policy)) {
    out.fault = {KafkaError::policy_violation,
                 fmt::format("the topic {} is only compacted: its records cannot be deleted by offset; delete them by "
                             "key, or set its cleanup.policy to compact,delete",
                             found.topic->name)};
    return;
  }
  const auto index = static_cast<PartitionIndex>(out.partition);
  const PartitionState& partition = found.topic->partitions[index];
  if (before == kAllRecords) before = partition.high_watermark;
  if (before < 0 || before > partition.high_watermark) {
    out.fault = {KafkaError::offset_out_of_range,
                 fmt::format("partition {} of topic {} ends at offset {}: records before {} cannot be deleted", index,
                             found.topic->name, partition.high_watermark, before)};
    return;
  }
  Stream& stream = *found.stream->stream;
  Result<Lsn> deleted = stream.last_lsn();
  if (Status owner = stream.check_owner(found.topic->id); !owner) deleted = fail(owner.error());
  if (deleted && before > partition.log_start) deleted = stream.delete_records({found.topic->id, index}, before);
  if (!deleted) {
    out.fault = fault_of(deleted.error(), Subject::topic);
    return;
  }
  out.log_start = std::max(before, partition.log_start);
  wait.add(found.stream, *deleted);
}

Task<std::vector<RemovedTopic>> RecordRemover::remove(const std::vector<RecordRemoval>& removals, int32_t timeout_ms,
                                                      const Caller& caller, std::stop_token stop) {
  std::vector<RemovedTopic> out(removals.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  const SteadyTime deadline = durable_deadline(context_, timeout_ms);
  for (size_t i = 0; i < removals.size(); ++i) {
    FoundTopic found = co_await lookup.find(removals[i].topic);
    out[i].stream = found.stream;
    for (const RecordRemoval::Partition& asked : removals[i].partitions) {
      RemovedRecords& removed = out[i].partitions.emplace_back();
      removed.partition = asked.partition;
      removed.fault = found.fault;
      if (found.fault.ok()) remove_one(found, asked.before, wait, removed);
    }
  }
  Status settled = co_await wait.wait(deadline, stop);
  if (settled) co_return out;
  for (RemovedTopic& topic : out) {
    const Error* error = topic.stream ? wait.failed(topic.stream.get()) : nullptr;
    if (error == nullptr) continue;
    for (RemovedRecords& removed : topic.partitions) {
      if (removed.fault.ok()) removed = {removed.partition, fault_of(*error, Subject::storage), -1};
    }
  }
  co_return out;
}

}  // namespace distributary
