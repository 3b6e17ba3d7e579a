// Checkpoint chunks of StreamState (docs/formats/checkpoint.md).
#include <fmt/core.h>

#include "stream/state_codec.h"

namespace distributary {
using namespace state_codec;

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
    out.varint(state.rewritten_until_.size());
    for (const auto& [origin, lsn] : state.rewritten_until_) {
      put_origin(out, origin);
      out.u64(lsn);
    }
  }

  static void load_meta(StreamState& state, Decoder& in) {
    uint64_t ordinals = in.varint();
    if (ordinals > kTopicOrdinalsMax) in.fail();
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
    for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
      Origin origin = get_origin(in);
      state.rewritten_until_[origin] = in.u64();
    }
  }

  static void load_topics(StreamState& state, Decoder& in, uint32_t chunk) {
    for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
      std::unique_ptr<Topic> topic = get_topic(in);
      if (topic->ordinal >= kTopicOrdinalsMax || topic->ordinal / kTopicsPerChunk != chunk) in.fail();
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
  transactions_.clear_dirty();
}

std::vector<StateChunk> StreamState::all_chunks() const {
  std::vector<StateChunk> chunks{{StateChunk::Kind::meta, 0}};
  auto topic_chunks = static_cast<uint32_t>((topics_.size() + kTopicsPerChunk - 1) / kTopicsPerChunk);
  for (uint32_t i = 0; i < topic_chunks; ++i) chunks.push_back({StateChunk::Kind::topics, i});
  for (uint32_t i = 0; i < kCursorChunks && !cursors_.empty(); ++i) chunks.push_back({StateChunk::Kind::cursors, i});
  for (uint32_t i = 0; i < kProducerChunks && !producers_.empty(); ++i)
    chunks.push_back({StateChunk::Kind::producers, i});
  for (uint32_t i = 0; i < kTransactionChunks && !transactions_.empty(); ++i)
    chunks.push_back({StateChunk::Kind::transactions, i});
  return chunks;
}

std::vector<StateChunk> StreamState::dirty_chunks() const {
  std::vector<StateChunk> chunks{{StateChunk::Kind::meta, 0}};
  for (size_t kind = 0; kind < dirty_.size(); ++kind) {
    for (uint32_t i = 0; i < dirty_[kind].size(); ++i) {
      if (dirty_[kind][i]) chunks.push_back({static_cast<StateChunk::Kind>(kind), i});
    }
  }
  for (uint32_t i = 0; i < kTransactionChunks; ++i) {
    if (transactions_.is_dirty(i)) chunks.push_back({StateChunk::Kind::transactions, i});
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
    case StateChunk::Kind::transactions: transactions_.encode_chunk(out, chunk.index); return bytes;
    case StateChunk::Kind::topics:
      for (size_t i = chunk.index * size_t{kTopicsPerChunk};
           i < topics_.size() && i < (chunk.index + 1) * size_t{kTopicsPerChunk}; ++i) {
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
        if (producer_chunk(key.producer_id) != chunk.index) continue;
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
    case StateChunk::Kind::topics: ChunkCodec::load_topics(*this, in, chunk.index); break;
    case StateChunk::Kind::cursors:
      for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
        std::string group = in.text();
        cursors_[group] = get_group(in);
      }
      break;
    case StateChunk::Kind::producers:
      for (size_t n = get_count(in); n > 0 && in.ok(); --n) producers_.insert(get_producer(in));
      break;
    case StateChunk::Kind::transactions:
      transactions_.load(in);
      transactions_.clear_dirty();
      break;
  }
  if (!in.done()) {
    return fail(ErrorCode::corrupt, fmt::format("checkpoint chunk of kind {} index {} is malformed",
                                                static_cast<int>(chunk.kind), chunk.index));
  }
  return {};
}

}  // namespace distributary
