#include "broker/cursors.h"

#include <fmt/format.h>

#include <algorithm>

namespace distributary {
namespace {

// What goes into one entry of one stream, and which answers depend on it.
struct StreamCommit {
  StreamHandle stream;
  std::vector<CursorCommit> cursors;
  std::vector<Fault*> faults;
};

StreamCommit& commit_to(std::vector<StreamCommit>& commits, const StreamHandle& stream) {
  auto found = std::ranges::find(commits, stream, &StreamCommit::stream);
  return found != commits.end() ? *found : commits.emplace_back(StreamCommit{stream, {}, {}});
}

}  // namespace

Fault check_cursor(const FoundTopic& found, const CursorCommitTopic::Partition& partition) {
  if (!found.fault.ok()) return found.fault;
  Fault fault = check_partition(*found.topic, partition.partition);
  if (!fault.ok()) return fault;
  if (partition.metadata.size() > kCursorMetadataBytesMax) {
    return {KafkaError::offset_metadata_too_large, fmt::format("the metadata has {} bytes; at most {} are allowed",
                                                               partition.metadata.size(), kCursorMetadataBytesMax)};
  }
  if (partition.offset < 0) return {KafkaError::invalid_request, "a committed offset is not below 0"};
  return {};
}

void Cursors::fill(FoundCursor& out, const std::string& group, const OpenStream& stream,
                   const TopicPartition& partition, bool stable) const {
  const StreamState& state = stream.stream->state();
  if (stable && state.transactions().position_pending(group, partition)) {
    out.fault = {KafkaError::unstable_offset_commit, "an open transaction is about to commit another position"};
    return;
  }
  const Uuid* here = groups_.active_here(group) ? &stream.record.uuid : nullptr;
  const Cursor* cursor = state.cursor(group, partition, here);
  if (cursor == nullptr) return;
  out.offset = cursor->offset;
  out.leader_epoch = cursor->leader_epoch;
  out.metadata = cursor->metadata;
}

Task<std::vector<std::vector<Fault>>> Cursors::commit(std::string group, const std::vector<CursorCommitTopic>& topics,
                                                      const Caller& caller, std::stop_token stop) {
  std::vector<std::vector<Fault>> out(topics.size());
  std::vector<StreamCommit> commits;
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    FoundTopic found = co_await lookup.find(topics[i].topic);
    out[i].resize(topics[i].partitions.size());
    for (size_t k = 0; k < topics[i].partitions.size(); ++k) {
      const CursorCommitTopic::Partition& partition = topics[i].partitions[k];
      const bool removes = found.fault.ok() && partition.offset < 0;
      out[i][k] = removes ? remove_cursor(group, found, partition.partition, wait) : check_cursor(found, partition);
      if (!out[i][k].ok()) continue;
      StreamCommit& commit = commit_to(commits, found.stream);
      commit.faults.push_back(&out[i][k]);
      if (removes) continue;
      TopicPartition place{found.topic->id, static_cast<PartitionIndex>(partition.partition)};
      commit.cursors.push_back({place, partition.offset, partition.leader_epoch, partition.metadata});
    }
  }
  for (StreamCommit& commit : commits) {
    if (commit.cursors.empty()) continue;
    Result<Lsn> committed = commit.stream->stream->commit_cursors(group, std::move(commit.cursors));
    if (committed) {
      wait.add(commit.stream, *committed);
      continue;
    }
    for (Fault* fault : commit.faults) *fault = fault_of(committed.error(), Subject::storage);
  }
  Status settled = co_await wait.wait(deadline(), stop);
  if (settled) co_return out;
  for (const StreamCommit& commit : commits) {
    const Error* error = wait.failed(commit.stream.get());
    if (error == nullptr) continue;
    for (Fault* fault : commit.faults) *fault = fault_of(*error, Subject::storage);
  }
  co_return out;
}

Task<std::vector<FoundCursorTopic>> Cursors::find(std::string group, const std::vector<CursorQueryTopic>& topics,
                                                  const Caller& caller, std::stop_token stop, bool stable) {
  std::vector<FoundCursorTopic> out(topics.size());
  std::vector<StreamHandle> homes(topics.size());
  DurableWait wait;
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < topics.size(); ++i) {
    FoundTopic found = co_await lookup.find(topics[i].topic);
    out[i].name = std::string(topics[i].topic.name);
    out[i].id = topics[i].topic.id;
    homes[i] = found.stream;
    for (int32_t partition : topics[i].partitions) {
      FoundCursor& cursor = out[i].partitions.emplace_back();
      cursor.partition = partition;
      cursor.fault = found.fault;
      if (!found.fault.ok() || !check_partition(*found.topic, partition).ok()) continue;
      TopicPartition place{found.topic->id, static_cast<PartitionIndex>(partition)};
      fill(cursor, group, *found.stream, place, stable);
    }
    if (found.stream) wait.add_all(found.stream);
  }
  Status settled = co_await wait.wait(deadline(), stop);
  for (size_t i = 0; !settled && i < out.size(); ++i) {
    const Error* error = homes[i] ? wait.failed(homes[i].get()) : nullptr;
    if (error == nullptr) continue;
    for (FoundCursor& cursor : out[i].partitions) cursor.fault = fault_of(*error, Subject::storage);
  }
  co_return out;
}

Task<std::vector<FoundCursorTopic>> Cursors::find_all(std::string group, const Caller& caller, std::stop_token stop,
                                                      bool stable) {
  std::vector<FoundCursorTopic> out;
  std::vector<StreamHandle> homes;
  DurableWait wait;
  std::vector<StreamHandle> streams = co_await context_.directory.streams(caller);
  for (const StreamHandle& stream : streams) {
    const StreamState& state = stream->stream->state();
    auto cursors = state.cursors().find(group);
    if (cursors == state.cursors().end()) continue;
    for (const auto& [place, slots] : cursors->second) {
      const Topic* topic = state.topic(place.topic);
      if (topic == nullptr) continue;
      if (out.empty() || out.back().id != topic->id) {
        out.push_back({context_.directory.names().display(stream->record.path, topic->name), topic->id, {}});
        homes.push_back(stream);
      }
      FoundCursor& cursor = out.back().partitions.emplace_back();
      cursor.partition = static_cast<int32_t>(place.partition);
      fill(cursor, group, *stream, place, stable);
    }
    wait.add_all(stream);
  }
  Status settled = co_await wait.wait(deadline(), stop);
  for (size_t i = 0; !settled && i < out.size(); ++i) {
    const Error* error = wait.failed(homes[i].get());
    if (error == nullptr) continue;
    for (FoundCursor& cursor : out[i].partitions) cursor.fault = fault_of(*error, Subject::storage);
  }
  co_return out;
}

}  // namespace distributary
