#include "stream/state_codec.h"

#include <algorithm>

namespace distributary::state_codec {
namespace {

bool starts_are_possible(const Topic& topic) {
  return std::ranges::all_of(topic.epoch_starts, [&](const LeaderEpochStart& start) {
    return start.starts.size() <= topic.partitions.size();
  });
}

// Flags of a topic.
constexpr uint8_t kNameTaken = 1;
constexpr uint8_t kHasSettings = 2;

}  // namespace

void put_origin(Encoder& out, const Origin& origin) {
  put_uuid(out, origin.stream);
  out.u32(origin.incarnation);
}

Origin get_origin(Decoder& in) {
  Uuid stream = get_uuid(in);
  return Origin{stream, in.u32()};
}

void put_topic(Encoder& out, const Topic& topic) {
  out.varint(topic.ordinal);
  put_uuid(out, topic.id);
  out.text(topic.name);
  put_uuid(out, topic.owner);
  put_origin(out, topic.creator);
  out.u64(topic.created_at);
  out.u8(static_cast<uint8_t>(topic.timestamp_type));
  out.u8(static_cast<uint8_t>((topic.name_taken ? kNameTaken : 0) | (topic.settings ? kHasSettings : 0)));
  if (topic.settings) out.bytes(encode_topic_settings(*topic.settings));
  out.zigzag(topic.leader_epoch);
  out.varint(topic.partitions.size());
  for (const PartitionState& partition : topic.partitions) {
    out.zigzag(partition.log_start);
    out.zigzag(partition.next - partition.log_start);
  }
  out.varint(topic.epoch_starts.size());
  for (const LeaderEpochStart& start : topic.epoch_starts) {
    out.zigzag(start.epoch);
    out.varint(start.starts.size());
    for (Offset offset : start.starts) out.zigzag(offset);
  }
}

std::unique_ptr<Topic> get_topic(Decoder& in) {
  auto topic = std::make_unique<Topic>();
  topic->ordinal = static_cast<uint32_t>(in.varint());
  topic->id = get_uuid(in);
  topic->name = in.text();
  topic->owner = get_uuid(in);
  topic->creator = get_origin(in);
  topic->created_at = in.u64();
  const uint8_t timestamps = in.u8();
  if (timestamps > static_cast<uint8_t>(TimestampType::log_append_time)) in.fail();
  topic->timestamp_type = static_cast<TimestampType>(timestamps);
  const uint8_t flags = in.u8();
  if (flags > (kNameTaken | kHasSettings)) in.fail();
  topic->name_taken = (flags & kNameTaken) != 0;
  if ((flags & kHasSettings) != 0) {
    auto settings = decode_topic_settings(in.bytes());
    if (!settings) in.fail();
    if (settings) topic->set_settings(std::move(*settings));
  }
  const int64_t leader_epoch = in.zigzag();
  if (leader_epoch < 0 || leader_epoch >= INT32_MAX) in.fail();
  topic->leader_epoch = static_cast<LeaderEpoch>(leader_epoch);
  topic->partitions.resize(get_count(in));
  for (PartitionState& partition : topic->partitions) {
    partition.log_start = in.zigzag();
    const int64_t kept = in.zigzag();
    if (partition.log_start < 0 || kept < 0 || kept > INT64_MAX - partition.log_start) in.fail();
    if (in.ok()) partition.next = partition.log_start + kept;
  }
  topic->epoch_starts.resize(get_count(in));
  for (LeaderEpochStart& start : topic->epoch_starts) {
    start.epoch = static_cast<LeaderEpoch>(in.zigzag());
    start.starts.resize(get_count(in));
    for (Offset& offset : start.starts) offset = in.zigzag();
  }
  if (!starts_are_possible(*topic)) in.fail();
  return topic;
}

void put_group(Encoder& out, const std::string& group, const GroupCursors& cursors) {
  out.text(group);
  out.varint(cursors.size());
  for (const auto& [partition, slots] : cursors) {
    put_uuid(out, partition.topic);
    out.varint(partition.partition);
    out.varint(slots.size());
    for (const Cursor& slot : slots) {
      put_uuid(out, slot.writer);
      out.zigzag(slot.offset);
      out.zigzag(slot.leader_epoch);
      out.i64(slot.committed);
      out.text(slot.metadata);
    }
  }
}

GroupCursors get_group(Decoder& in) {
  GroupCursors cursors;
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    Uuid topic = get_uuid(in);
    TopicPartition partition{topic, static_cast<PartitionIndex>(in.varint())};
    std::vector<Cursor> slots(get_count(in));
    for (Cursor& slot : slots) {
      slot.writer = get_uuid(in);
      slot.offset = in.zigzag();
      slot.leader_epoch = static_cast<LeaderEpoch>(in.zigzag());
      slot.committed = in.i64();
      slot.metadata = in.text();
    }
    cursors.emplace(partition, std::move(slots));
  }
  return cursors;
}

void put_producer(Encoder& out, const ProducerKey& key, const ProducerState& producer) {
  put_uuid(out, key.partition.topic);
  out.varint(key.partition.partition);
  out.i64(key.producer_id);
  out.u16(static_cast<uint16_t>(producer.epoch));
  out.i64(producer.last_appended);
  out.u8(producer.count);
  for (size_t i = 0; i < producer.count; ++i) {
    out.zigzag(producer.batches[i].first_sequence);
    out.zigzag(producer.batches[i].last_sequence);
    out.zigzag(producer.batches[i].base_offset);
  }
}

std::pair<ProducerKey, ProducerState> get_producer(Decoder& in) {
  ProducerKey key;
  key.partition.topic = get_uuid(in);
  key.partition.partition = static_cast<PartitionIndex>(in.varint());
  key.producer_id = in.i64();
  ProducerState producer;
  producer.epoch = static_cast<int16_t>(in.u16());
  producer.last_appended = in.i64();
  producer.count = in.u8();
  if (producer.count > ProducerState::kBatchesKept) {
    in.fail();
    producer.count = 0;
  }
  for (size_t i = 0; i < producer.count; ++i) {
    producer.batches[i].first_sequence = static_cast<int32_t>(in.zigzag());
    producer.batches[i].last_sequence = static_cast<int32_t>(in.zigzag());
    producer.batches[i].base_offset = in.zigzag();
  }
  return {key, producer};
}

}  // namespace distributary::state_codec
