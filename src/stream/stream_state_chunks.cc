// Checkpoint chunks of StreamState (docs/formats/checkpoint.md).
#include <fmt/core.h>

#include "base/coding.h"
#include "stream/stream_state.h"

namespace distributary {
namespace {

void put_uuid(Encoder& out, const Uuid& uuid) { out.raw(uuid.view()); }

Uuid get_uuid(Decoder& in) {
  ByteView bytes = in.raw(16);
  return in.ok() ? Uuid::from_view(bytes) : Uuid{};
}

void put_origin(Encoder& out, const Origin& origin) {
  put_uuid(out, origin.stream);
  out.u32(origin.incarnation);
}

Origin get_origin(Decoder& in) {
  Uuid stream = get_uuid(in);
  return Origin{stream, in.u32()};
}

// Guards a loop over a count from the chunk: no item takes less than a byte.
size_t get_count(Decoder& in) {
  uint64_t count = in.varint();
  if (count > in.remaining()) in.fail();
  return in.ok() ? count : 0;
}

void put_topic(Encoder& out, const Topic& topic) {
  out.varint(topic.ordinal);
  put_uuid(out, topic.id);
  out.text(topic.name);
  put_uuid(out, topic.owner);
  put_origin(out, topic.creator);
  out.u64(topic.created_at);
  out.u8(static_cast<uint8_t>(topic.timestamp_type));
  out.u8(topic.name_taken);
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
  topic->timestamp_type = static_cast<TimestampType>(in.u8());
  topic->name_taken = in.u8() != 0;
  topic->leader_epoch = static_cast<LeaderEpoch>(in.zigzag());
  topic->partitions.resize(get_count(in));
  for (PartitionState& partition : topic->partitions) {
    partition.log_start = in.zigzag();
    partition.next = partition.log_start + in.zigzag();
  }
  topic->epoch_starts.resize(get_count(in));
  for (LeaderEpochStart& start : topic->epoch_starts) {
    start.epoch = static_cast<LeaderEpoch>(in.zigzag());
    start.starts.resize(get_count(in));
    for (Offset& offset : start.starts) offset = in.zigzag();
  }
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

}  // namespace

struct StreamState::ChunkCodec {
  static void encode_meta(const StreamState& state, Encoder& out) {
    out.varint(state.topics_.size());
    out.u64(state.history_bytes_);
    out.u64(state.history_records_);
    out.varint(state.origins_.size());
    for (const auto& [origin, position] : state.origins_) {
      put_origin(out, origin);
      out.u64(position.lsn);
      out.u64(position.chain.low);
      out.u64(position.chain.high);
    }
    out.varint(state.producer_ids_issued_.size());
    for (const auto& [stream, count] : state.producer_ids_issued_) {
      put_uuid(out, stream);
      out.i64(count);
    }
  }

  static void load_meta(StreamState& state, Decoder& in) {
    uint64_t ordinals = in.varint();
    if (ordinals > UINT32_MAX) in.fail();
    if (in.ok()) state.topics_.resize(std::max<size_t>(ordinals, state.topics_.size()));
    state.history_bytes_ = in.u64();
    state.history_records_ = in.u64();
    for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
      Origin origin = get_origin(in);
      OriginPosition& position = state.origins_[origin];
      position.lsn = in.u64();
      position.chain.low = in.u64();
      position.chain.high = in.u64();
    }
    for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
      Uuid stream = get_uuid(in);
      state.producer_ids_issued_[stream] = in.i64();
    }
  }

  static void load_topics(StreamState& state, Decoder& in) {
    for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
      std::unique_ptr<Topic> topic = get_topic(in);
      if (!in.ok()) return;
      if (topic->ordinal >= state.topics_.size()) state.topics_.resize(topic->ordinal + 1);
      state.ordinals_[topic->id] = topic->ordinal;
      if (!topic->name_taken) state.names_[topic->name] = topic->ordinal;
      state.topics_[topic->ordinal] = std::move(topic);
    }
  }
};

void StreamState::dirty(StateChunk::Kind kind, uint32_t index) {
  std::vector<bool>& bits = dirty_[static_cast<size_t>(kind)];
  if (bits.size() <= index) bits.resize(index + 1);
  bits[index] = true;
}

void StreamState::clear_dirty() {
  for (auto& bits : dirty_) bits.clear();
}

std::vector<StateChunk> StreamState::all_chunks() const {
  std::vector<StateChunk> chunks{{StateChunk::Kind::meta, 0}};
  auto topic_chunks = static_cast<uint32_t>((topics_.size() + kTopicsPerChunk - 1) / kTopicsPerChunk);
  for (uint32_t i = 0; i < topic_chunks; ++i) chunks.push_back({StateChunk::Kind::topics, i});
  for (uint32_t i = 0; i < kCursorChunks && !cursors_.empty(); ++i) chunks.push_back({StateChunk::Kind::cursors, i});
  for (uint32_t i = 0; i < kProducerChunks && !producers_.empty(); ++i) chunks.push_back({StateChunk::Kind::producers, i});
  return chunks;
}

std::vector<StateChunk> StreamState::dirty_chunks() const {
  std::vector<StateChunk> chunks{{StateChunk::Kind::meta, 0}};
  for (size_t kind = 0; kind < dirty_.size(); ++kind) {
    for (uint32_t i = 0; i < dirty_[kind].size(); ++i) {
      if (dirty_[kind][i]) chunks.push_back({static_cast<StateChunk::Kind>(kind), i});
    }
  }
  return chunks;
}

std::vector<uint8_t> StreamState::encode_chunk(const StateChunk& chunk) const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  std::vector<uint8_t> body;
  Encoder items(body);
  uint64_t count = 0;
  switch (chunk.kind) {
    case StateChunk::Kind::meta: ChunkCodec::encode_meta(*this, out); return bytes;
    case StateChunk::Kind::topics:
      for (size_t i = chunk.index * size_t{kTopicsPerChunk}; i < topics_.size() && i < (chunk.index + 1) * size_t{kTopicsPerChunk}; ++i) {
        if (!topics_[i]) continue;
        put_topic(items, *topics_[i]);
        ++count;
      }
      break;
    case StateChunk::Kind::cursors:
      for (const auto& [group, cursors] : cursors_) {
        if (crc32c(as_bytes(group)) % kCursorChunks != chunk.index) continue;
        put_group(items, group, cursors);
        ++count;
      }
      break;
    case StateChunk::Kind::producers:
      for (const auto& [key, producer] : producers_) {
        if (static_cast<uint32_t>(key.producer_id % kProducerChunks) != chunk.index) continue;
        put_producer(items, key, producer);
        ++count;
      }
      break;
  }
  out.varint(count);
  out.raw(body);
  return bytes;
}

Status StreamState::load_chunk(const StateChunk& chunk, ByteView bytes) {
  Decoder in(bytes);
  switch (chunk.kind) {
    case StateChunk::Kind::meta: ChunkCodec::load_meta(*this, in); break;
    case StateChunk::Kind::topics: ChunkCodec::load_topics(*this, in); break;
    case StateChunk::Kind::cursors:
      for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
        std::string group = in.text();
        cursors_[group] = get_group(in);
      }
      break;
    case StateChunk::Kind::producers:
      for (size_t n = get_count(in); n > 0 && in.ok(); --n) producers_.insert(get_producer(in));
      break;
  }
  if (!in.done()) {
    return fail(ErrorCode::corrupt, fmt::format("checkpoint chunk of kind {} index {} is malformed", static_cast<int>(chunk.kind),
                                                chunk.index));
  }
  return {};
}

}  // namespace distributary
