// Forgetting single positions: OffsetDelete.
#include <fmt/format.h>

#include "broker/cursor_removal.h"
#include "broker/cursors.h"
#include "model/printable.h"

namespace distributary {

Fault remove_cursor(const std::string& group, const FoundTopic& found, int32_t partition, DurableWait& wait) {
  Fault fault = check_partition(*found.topic, partition);
  if (!fault.ok()) return fault;
  const TopicPartition place{found.topic->id, static_cast<PartitionIndex>(partition)};
  Result<CursorRemoval> removal =
      remove_cursors(*found.stream->stream, group, [&place](const TopicPartition& other) { return other == place; });
  if (!removal) return fault_of(removal.error(), Subject::storage);
  wait.add(found.stream, removal->lsn);
  return kept_fault(*removal, group);
}

Task<bool> Cursors::known(const std::string& group, const Caller& caller) {
  if (groups_.has_members(group)) co_return true;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    if (has_cursors(stream->stream->state(), group)) co_return true;
  }
  co_return false;
}

Task<Cursors::Removed> Cursors::remove(std::string group, const std::vector<CursorQueryTopic>& topics,
                                       const Caller& caller, std::stop_token stop) {
  Removed out;
  const bool known_group = co_await known(group, caller);
  if (!known_group) {
    out.fault = {KafkaError::group_id_not_found, fmt::format("there is no group {}", quoted(group))};
    co_return out;
  }
  out.fault.error = groups_.check_cursor_removal(group);
  if (!out.fault.ok()) co_return out;
  out.partitions.resize(topics.size());
  std::vector<StreamHandle> homes(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    FoundTopic found = co_await lookup.find(topics[i].topic);
    homes[i] = found.stream;
    Fault fault = found.fault;
    if (fault.ok() && groups_.subscribed_to(group, found)) {
      fault = {KafkaError::group_subscribed_to_topic,
               fmt::format("members of the group {} subscribe to the topic {}", quoted(group), quoted(found.name))};
    }
    for (int32_t partition : topics[i].partitions) {
      out.partitions[i].push_back(fault.ok() ? remove_cursor(group, found, partition, wait) : fault);
    }
  }
  Status settled = co_await wait.wait(deadline(), stop);
  for (size_t i = 0; !settled && i < topics.size(); ++i) {
    const Error* error = homes[i] ? wait.failed(homes[i].get()) : nullptr;
    if (error == nullptr) continue;
    for (Fault& fault : out.partitions[i]) fault = fault_of(*error, Subject::storage);
  }
  co_return out;
}

}  // namespace distributary
