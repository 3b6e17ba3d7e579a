// Baselines: the state of one origin, for a replica that has nothing of it.
#include <fmt/core.h>

#include "stream/state_codec.h"

namespace distributary {

using namespace state_codec;

std::vector<uint8_t> StreamState::encode_baseline(const Origin& origin, OriginLsn rewritten_until) const {
  std::vector<uint8_t> topics, groups, producers;
  Encoder topics_out(topics), groups_out(groups), producers_out(producers);
  uint64_t topic_count = 0, group_count = 0, producer_count = 0;
  for (const auto& topic : topics_) {
    if (!topic || topic->creator != origin) continue;
    put_topic(topics_out, *topic);
    ++topic_count;
  }
  for (const auto& [group, partitions] : cursors_) {
    GroupCursors written;
    for (const auto& [partition, slots] : partitions) {
      for (const Cursor& slot : slots) {
        if (slot.writer == origin.stream) written[partition].push_back(slot);
      }
    }
    if (written.empty()) continue;
    put_group(groups_out, group, written);
    ++group_count;
  }
  for (const auto& [key, producer] : producers_) {
    const Topic* of = topic(key.partition.topic);
    if (of == nullptr || of->creator != origin) continue;
    put_producer(producers_out, key, producer);
    ++producer_count;
  }
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.i64(producer_ids_issued(origin.stream));
  out.varint(topic_count);
  out.raw(topics);
  out.varint(group_count);
  out.raw(groups);
  out.varint(producer_count);
  out.raw(producers);
  out.varint(rewritten_until);
  transactions_.encode_writer(out, origin.stream);
  return bytes;
}

Status StreamState::apply_baseline(const ContentView& entry) {
  if (origin(entry.origin()).lsn != 0) {
    return fail(ErrorCode::corrupt,
                fmt::format("baseline of origin {} where the origin is known", to_string(entry.origin())));
  }
  Decoder in(entry.payload());
  int64_t ids_issued = in.i64();
  std::vector<std::unique_ptr<Topic>> topics;
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) topics.push_back(get_topic(in));
  std::map<std::string, GroupCursors> groups;
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    std::string group = in.text();
    groups[group] = get_group(in);
  }
  std::vector<std::pair<ProducerKey, ProducerState>> producers;
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) producers.push_back(get_producer(in));
  OriginLsn until = in.varint();
  TransactionState transactions;
  if (in.ok() && in.remaining() > 0) transactions.load(in);  // older ones end here
  if (!in.done())
    return fail(ErrorCode::corrupt, fmt::format("baseline of origin {} is malformed", to_string(entry.origin())));

  for (auto& topic : topics) {
    for (PartitionState& partition : topic->partitions) partition.log_start = partition.high_watermark = partition.next;
    adopt(std::move(topic));
  }
  for (auto& [group, partitions] : groups) {
    for (auto& [partition, slots] : partitions) {
      std::vector<Cursor>& here = cursors_[group][partition];
      here.insert(here.end(), slots.begin(), slots.end());
    }
    dirty(StateChunk::Kind::cursors, crc32c(as_bytes(group)) % kCursorChunks);
  }
  for (auto& [key, producer] : producers) {
    producers_.insert_or_assign(key, producer);
    dirty(StateChunk::Kind::producers, producer_chunk(key.producer_id));
  }
  transactions_.add(std::move(transactions));
  if (ids_issued > 0) producer_ids_issued_[entry.origin().stream] += ids_issued;
  // One that stands for nothing only says how what follows will be.
  if (entry.origin_lsn() > 0) origins_[entry.origin()] = {entry.origin_lsn(), entry.chain_before()};
  if (until > 0) rewritten_until_[entry.origin()] = std::max(until, rewritten_until(entry.origin()));
  return {};
}

}  // namespace distributary
