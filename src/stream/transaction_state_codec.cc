// Checkpoint chunks and baselines of TransactionState (docs/formats/checkpoint.md).
#include <algorithm>

#include "base/checksum.h"
#include "stream/state_codec.h"
#include "stream/transaction_state.h"

namespace distributary {
using namespace state_codec;

namespace {

constexpr uint8_t kOpenFlag = 1;
constexpr uint8_t kCommittedFlag = 2;
constexpr uint8_t kByServerFlag = 4;

void put_place(Encoder& out, const TopicPartition& partition) {
  put_uuid(out, partition.topic);
  out.varint(partition.partition);
}

TopicPartition get_place(Decoder& in) {
  Uuid topic = get_uuid(in);
  return {topic, static_cast<PartitionIndex>(in.varint())};
}

void put_id(Encoder& out, const TransactionalId& id) {
  out.i64(id.producer_id);
  out.u16(static_cast<uint16_t>(id.epoch));
  out.i64(id.previous_producer_id);
  out.u16(static_cast<uint16_t>(id.previous_epoch));
  out.u32(id.timeout_ms);
  put_uuid(out, id.bound);
  out.i64(id.updated);
}

TransactionalId get_id(Decoder& in) {
  TransactionalId id;
  id.producer_id = in.i64();
  id.epoch = static_cast<int16_t>(in.u16());
  id.previous_producer_id = in.i64();
  id.previous_epoch = static_cast<int16_t>(in.u16());
  id.timeout_ms = in.u32();
  id.bound = get_uuid(in);
  id.updated = in.i64();
  return id;
}

void put_producer(Encoder& out, const TransactionProducer& producer) {
  out.text(producer.transactional_id);
  out.u16(static_cast<uint16_t>(producer.epoch));
  out.u16(static_cast<uint16_t>(producer.ended_epoch));
  out.u8(static_cast<uint8_t>((producer.open ? kOpenFlag : 0) | (producer.committed ? kCommittedFlag : 0) |
                              (producer.by_server ? kByServerFlag : 0)));
  out.u32(producer.timeout_ms);
  out.i64(producer.started);
  out.i64(producer.updated);
  out.varint(producer.partitions.size());
  for (const auto& [partition, first] : producer.partitions) {
    put_place(out, partition);
    out.zigzag(first);
  }
  out.varint(producer.positions.size());
  for (const auto& [group, positions] : producer.positions) {
    out.text(group);
    out.varint(positions.size());
    for (const auto& [partition, position] : positions) {
      put_place(out, partition);
      out.zigzag(position.offset);
      out.zigzag(position.leader_epoch);
      out.text(position.metadata);
    }
  }
}

TransactionProducer get_transaction_producer(Decoder& in) {
  TransactionProducer producer;
  producer.transactional_id = in.text();
  producer.epoch = static_cast<int16_t>(in.u16());
  producer.ended_epoch = static_cast<int16_t>(in.u16());
  uint8_t flags = in.u8();
  producer.open = (flags & kOpenFlag) != 0;
  producer.committed = (flags & kCommittedFlag) != 0;
  producer.by_server = (flags & kByServerFlag) != 0;
  producer.timeout_ms = in.u32();
  producer.started = in.i64();
  producer.updated = in.i64();
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    TopicPartition partition = get_place(in);
    producer.partitions[partition] = in.zigzag();
  }
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    auto& positions = producer.positions[in.text()];
    for (size_t k = get_count(in); k > 0 && in.ok(); --k) {
      CursorCommit position;
      position.partition = get_place(in);
      position.offset = in.zigzag();
      position.leader_epoch = static_cast<LeaderEpoch>(in.zigzag());
      position.metadata = in.text();
      TopicPartition partition = position.partition;
      positions.insert_or_assign(partition, std::move(position));
    }
  }
  return producer;
}

}  // namespace

uint32_t TransactionState::chunk_of(const std::string& id) { return crc32c(as_bytes(id)) % kTransactionChunks; }

uint32_t TransactionState::chunk_of(int64_t producer_id) {
  return static_cast<uint32_t>(static_cast<uint64_t>(producer_id) % kTransactionChunks);
}

uint32_t TransactionState::chunk_of(const TopicPartition& partition) {
  return (crc32c(partition.topic.view()) + partition.partition) % kTransactionChunks;
}

void TransactionState::dirty_producer(int64_t producer_id) { dirty_[chunk_of(producer_id)] = true; }

template <class IdFilter, class ProducerFilter, class PartitionFilter>
void TransactionState::encode(Encoder& out, IdFilter ids, ProducerFilter producers, PartitionFilter partitions) const {
  out.varint(static_cast<size_t>(std::ranges::count_if(ids_, [&](const auto& item) { return ids(item.first); })));
  for (const auto& [key, id] : ids_) {
    if (!ids(key)) continue;
    put_uuid(out, key.first);
    out.text(key.second);
    put_id(out, id);
  }
  out.varint(
      static_cast<size_t>(std::ranges::count_if(producers_, [&](const auto& item) { return producers(item.first); })));
  for (const auto& [key, producer] : producers_) {
    if (!producers(key)) continue;
    put_uuid(out, key.first);
    out.i64(key.second);
    put_producer(out, producer);
  }
  out.varint(
      static_cast<size_t>(std::ranges::count_if(aborted_, [&](const auto& item) { return partitions(item.first); })));
  for (const auto& [partition, all] : aborted_) {
    if (!partitions(partition)) continue;
    put_place(out, partition);
    out.varint(all.size());
    for (const AbortedTransaction& one : all) {
      out.i64(one.producer_id);
      out.zigzag(one.first);
      out.zigzag(one.marker);
    }
  }
}

void TransactionState::encode_chunk(Encoder& out, uint32_t chunk) const {
  encode(
      out, [&](const auto& key) { return chunk_of(key.second) == chunk; },
      [&](const auto& key) { return chunk_of(key.second) == chunk; },
      [&](const auto& partition) { return chunk_of(partition) == chunk; });
}

void TransactionState::encode_writer(Encoder& out, const Writer& writer) const {
  auto of_writer = [&](const auto& key) { return key.first == writer; };
  encode(out, of_writer, of_writer, [](const auto&) { return false; });
}

// What a baseline may say: nothing of other writers, and nothing of aborted transactions.
bool TransactionState::only_of(const Writer& writer) const {
  auto of_writer = [&](const auto& item) { return item.first.first == writer; };
  return std::ranges::all_of(ids_, of_writer) && std::ranges::all_of(producers_, of_writer) && aborted_.empty();
}

void TransactionState::add(TransactionState other) {
  ids_.merge(other.ids_);
  producers_.merge(other.producers_);
  open_.merge(other.open_);
  for (auto& [partition, spans] : other.spans_) {
    std::vector<Span>& here = spans_[partition];
    here.insert(here.end(), spans.begin(), spans.end());
  }
  for (uint32_t chunk = 0; chunk < kTransactionChunks; ++chunk) dirty_[chunk] = dirty_[chunk] || other.dirty_[chunk];
}

void TransactionState::load(Decoder& in) {
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    Writer writer = get_uuid(in);
    std::string name = in.text();
    dirty_[chunk_of(name)] = true;
    ids_[{writer, std::move(name)}] = get_id(in);
  }
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    Writer writer = get_uuid(in);
    int64_t producer_id = in.i64();
    TransactionProducer producer = get_transaction_producer(in);
    for (const auto& [partition, first] : producer.partitions) {
      if (first != TransactionProducer::kNothingWritten) open_span(writer, producer_id, partition, first);
    }
    dirty_producer(producer_id);
    if (producer.open) open_.insert({writer, producer_id});
    producers_.insert_or_assign({writer, producer_id}, std::move(producer));
  }
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    TopicPartition partition = get_place(in);
    std::vector<AbortedTransaction>& all = aborted_[partition];
    for (size_t k = get_count(in); k > 0 && in.ok(); --k) {
      AbortedTransaction one;
      one.producer_id = in.i64();
      one.first = in.zigzag();
      one.marker = in.zigzag();
      all.push_back(one);
    }
    dirty_[chunk_of(partition)] = true;
  }
}

}  // namespace distributary
