// Baselines: the state of one origin, for a replica that has nothing of it.
#include <fmt/core.h>

#include <algorithm>

#include "stream/state_codec.h"

namespace distributary {

using namespace state_codec;

namespace {

struct Baseline {
  int64_t ids_issued = 0;
  std::vector<std::unique_ptr<Topic>> topics;
  std::map<std::string, GroupCursors> groups;
  std::vector<std::pair<ProducerKey, ProducerState>> producers;
  OriginLsn rewritten_until = 0;
  TransactionState transactions;
};

Baseline read_baseline(Decoder& in) {
  Baseline out;
  out.ids_issued = in.i64();
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) out.topics.push_back(get_topic(in));
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) {
    std::string group = in.text();
    out.groups[group] = get_group(in);
  }
  for (size_t n = get_count(in); n > 0 && in.ok(); --n) out.producers.push_back(get_producer(in));
  out.rewritten_until = in.varint();
  if (in.ok() && in.remaining() > 0) out.transactions.load(in);  // older ones end here
  return out;
}

// One slot for each partition, of the origin's stream.
bool are_cursors_of(const GroupCursors& group, const Uuid& stream) {
  return std::ranges::all_of(
      group, [&](const auto& item) { return item.second.size() == 1 && item.second.front().writer == stream; });
}

// Why a baseline cannot be what the origin's history had made up to the entry's LSN; null if it can.
const char* misfit_of(const Baseline& baseline, const ContentView& entry) {
  const Origin origin = entry.origin();
  std::map<TopicUuid, size_t> partitions;
  for (const auto& topic : baseline.topics) {
    const bool of_origin = topic->creator == origin && topic->id == derive_topic_uuid(origin, topic->created_at);
    if (!of_origin || topic->created_at == 0 || topic->created_at > entry.origin_lsn())
      return "a topic is not of this history";
    if (!partitions.try_emplace(topic->id, topic->partitions.size()).second) return "a topic is in it twice";
  }
  for (const auto& [group, cursors] : baseline.groups) {
    if (entry.origin_lsn() == 0 || !are_cursors_of(cursors, origin.stream)) return "a position is not of this history";
  }
  for (const auto& [key, producer] : baseline.producers) {
    auto of = partitions.find(key.partition.topic);
    if (of == partitions.end() || key.partition.partition >= of->second) return "a producer is of no partition of it";
  }
  if (entry.origin_lsn() == 0 && (baseline.ids_issued != 0 || !baseline.transactions.empty()))
    return "it stands for nothing and says something";
  if (baseline.ids_issued < 0) return "less than no producer ids were issued";
  return baseline.transactions.only_of(origin.stream) ? nullptr : "a transaction is not of this history";
}

}  // namespace

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
  Baseline baseline = read_baseline(in);
  const char* misfit = in.done() ? misfit_of(baseline, entry) : "it is malformed";
  if (misfit == nullptr && topics_.size() + baseline.topics.size() > kTopicOrdinalsMax)
    misfit = "the stream has had as many topics as it may";
  if (misfit != nullptr)
    return fail(ErrorCode::corrupt, fmt::format("baseline of origin {}: {}", to_string(entry.origin()), misfit));

  for (auto& topic : baseline.topics) {
    for (PartitionState& partition : topic->partitions) partition.log_start = partition.high_watermark = partition.next;
    adopt(std::move(topic));
  }
  for (auto& [group, partitions] : baseline.groups) {
    for (auto& [partition, slots] : partitions) {
      std::vector<Cursor>& here = cursors_[group][partition];
      here.insert(here.end(), slots.begin(), slots.end());
    }
    dirty(StateChunk::Kind::cursors, crc32c(as_bytes(group)) % kCursorChunks);
  }
  for (auto& [key, producer] : baseline.producers) {
    producers_.insert_or_assign(key, producer);
    dirty(StateChunk::Kind::producers, producer_chunk(key.producer_id));
  }
  transactions_.add(std::move(baseline.transactions));
  if (baseline.ids_issued > 0) producer_ids_issued_[entry.origin().stream] += baseline.ids_issued;
  // One that stands for nothing only says how what follows will be.
  if (entry.origin_lsn() > 0) origins_[entry.origin()] = {entry.origin_lsn(), entry.chain_before()};
  if (baseline.rewritten_until > 0)
    rewritten_until_[entry.origin()] = std::max(baseline.rewritten_until, rewritten_until(entry.origin()));
  return {};
}

}  // namespace distributary
