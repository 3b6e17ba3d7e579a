#include "broker/offsets.h"

namespace distributary {
namespace {

Fault check_query(const FoundTopic& found, const OffsetQuery::Partition& asked) {
  if (!found.fault.ok()) return found.fault;
  Fault fault = check_partition(*found.topic, asked.partition);
  return fault.ok() ? check_leader_epoch(*found.topic, asked.current_leader_epoch) : fault;
}

}  // namespace

Task<void> Offsets::list_one(StreamHandle stream, TopicUuid topic_id, int64_t time, bool committed, OffsetAnswer& out) {
  const auto index = static_cast<PartitionIndex>(out.partition);
  const Topic& topic = *stream->stream->state().topic(topic_id);
  const PartitionState& partition = topic.partitions[index];
  const Offset end = committed ? stream->stream->state().last_stable(topic, index) : partition.high_watermark;
  if (time == kLatestTime) {
    out.offset = end;
    out.leader_epoch = leader_epoch_at(topic, index, out.offset);
    co_return;
  }
  if (time == kEarliestTime || time == kEarliestLocalTime) {
    out.offset = partition.log_start;
    out.leader_epoch = leader_epoch_at(topic, index, out.offset);
    co_return;
  }
  if (time == kLatestTieredTime || time == kEarliestPendingUploadTime) co_return;
  if (time < kMaxTimestampTime) {
    out.fault = {KafkaError::invalid_request, "the timestamp is none of the special ones"};
    co_return;
  }
  TopicPartition place{topic_id, index};
  Result<std::optional<OffsetAtTime>> found = std::optional<OffsetAtTime>();
  if (time == kMaxTimestampTime) {
    found = co_await stream->stream->find_latest_time(place);
  } else {
    found = co_await stream->stream->find_time(place, time);
  }
  if (!found) {
    out.fault = fault_of(found.error(), Subject::storage);
    co_return;
  }
  if (!found->has_value() || (*found)->offset >= end) co_return;
  out.offset = (*found)->offset;
  out.timestamp = (*found)->timestamp;
  const Topic* still = stream->stream->state().topic(topic_id);
  if (still != nullptr) out.leader_epoch = leader_epoch_at(*still, index, out.offset);
}

Task<std::vector<std::vector<OffsetAnswer>>> Offsets::list(const std::vector<OffsetQuery>& queries,
                                                           const Caller& caller, bool committed) {
  std::vector<std::vector<OffsetAnswer>> out(queries.size());
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < queries.size(); ++i) {
    for (const OffsetQuery::Partition& asked : queries[i].partitions) {
      FoundTopic found = co_await lookup.find(queries[i].topic);  // anew: the topic may have gone during the last wait
      OffsetAnswer& answer = out[i].emplace_back();
      answer.partition = asked.partition;
      answer.fault = check_query(found, asked);
      if (!answer.fault.ok()) continue;
      const TopicUuid id = found.topic->id;
      co_await list_one(found.stream, id, asked.time, committed, answer);
    }
  }
  co_return out;
}

Task<std::vector<std::vector<OffsetAnswer>>> Offsets::find_epoch_ends(const std::vector<OffsetQuery>& queries,
                                                                      const Caller& caller) {
  std::vector<std::vector<OffsetAnswer>> out(queries.size());
  TopicLookup lookup(context_.directory, caller);
  for (size_t i = 0; i < queries.size(); ++i) {
    FoundTopic found = co_await lookup.find(queries[i].topic);
    for (const OffsetQuery::Partition& asked : queries[i].partitions) {
      OffsetAnswer& answer = out[i].emplace_back();
      answer.partition = asked.partition;
      answer.fault = check_query(found, asked);
      if (!answer.fault.ok()) continue;
      TopicPartition place{found.topic->id, static_cast<PartitionIndex>(asked.partition)};
      Result<Stream::EpochEnd> end = found.stream->stream->epoch_end(place, asked.leader_epoch);
      if (end) {
        answer.leader_epoch = end->epoch;
        answer.offset = end->end;
      } else {
        answer.fault = fault_of(end.error(), Subject::storage);
      }
    }
  }
  co_return out;
}

}  // namespace distributary
