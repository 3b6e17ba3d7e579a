#include "stream/transaction_state.h"

#include <fmt/core.h>

#include <algorithm>

namespace distributary {
namespace {

Error no_such(int64_t producer_id, int16_t epoch, std::string_view what) {
  return Error{ErrorCode::conflict, fmt::format("producer {} epoch {}: {}", producer_id, epoch, what)};
}

}  // namespace

const TransactionalId* TransactionState::id(const Writer& writer, const std::string& name) const {
  auto found = ids_.find({writer, name});
  return found == ids_.end() ? nullptr : &found->second;
}

const TransactionProducer* TransactionState::producer(const Writer& writer, int64_t producer_id) const {
  auto found = producers_.find({writer, producer_id});
  return found == producers_.end() ? nullptr : &found->second;
}

Offset TransactionState::first_unstable(const TopicPartition& partition, Offset high_watermark) const {
  Offset first = INT64_MAX;
  if (spans_.empty()) return first;
  auto found = spans_.find(partition);
  if (found == spans_.end()) return first;
  for (const Span& span : found->second) {
    if (span.marker == Span::kOpen || span.marker >= high_watermark) first = std::min(first, span.first);
  }
  return first;
}

std::vector<AbortedTransaction> TransactionState::aborted(const TopicPartition& partition, Offset from,
                                                          Offset end) const {
  std::vector<AbortedTransaction> out;
  auto found = aborted_.find(partition);
  if (found == aborted_.end()) return out;
  const std::vector<AbortedTransaction>& all = found->second;
  auto at = std::partition_point(all.begin(), all.end(), [&](const auto& one) { return one.marker < from; });
  for (; at != all.end(); ++at) {
    if (at->first < end) out.push_back(*at);
  }
  return out;
}

const AbortedTransaction* TransactionState::aborted_at(const TopicPartition& partition, int64_t producer_id,
                                                       Offset offset) const {
  auto found = aborted_.find(partition);
  if (found == aborted_.end()) return nullptr;
  const std::vector<AbortedTransaction>& all = found->second;
  auto at = std::partition_point(all.begin(), all.end(), [&](const auto& one) { return one.marker <= offset; });
  at = std::find_if(at, all.end(), [&](const auto& one) { return one.producer_id == producer_id; });
  return at != all.end() && at->first <= offset ? &*at : nullptr;
}

bool TransactionState::position_pending(const std::string& group, const TopicPartition& partition) const {
  return std::ranges::any_of(open_, [&](const ProducerKey& key) {
    const auto& of_groups = producers_.at(key).positions;
    auto positions = of_groups.find(group);
    return positions != of_groups.end() && positions->second.contains(partition);
  });
}

void TransactionState::register_id(const Writer& writer, TransactionalIdRegistered registered, WallMillis appended) {
  dirty_[chunk_of(registered.id)] = true;
  ids_[{writer, std::move(registered.id)}] = {registered.producer_id,
                                              registered.epoch,
                                              registered.previous_producer_id,
                                              registered.previous_epoch,
                                              registered.timeout_ms,
                                              registered.bound,
                                              appended};
}

TransactionProducer* TransactionState::find_open(const Writer& writer, int64_t producer_id, int16_t epoch) {
  auto found = producers_.find({writer, producer_id});
  if (found == producers_.end()) return nullptr;
  TransactionProducer& producer = found->second;
  return producer.open && producer.epoch == epoch ? &producer : nullptr;
}

Status TransactionState::extend(const Writer& writer, TransactionExtended extended, WallMillis appended) {
  auto found = producers_.find({writer, extended.producer_id});
  if (found != producers_.end()) {
    const TransactionProducer& known = found->second;
    bool follows = known.open ? extended.epoch == known.epoch : extended.epoch >= known.epoch;
    if (!follows)
      return fail(no_such(extended.producer_id, extended.epoch, fmt::format("epoch {} is the one", known.epoch)));
  }
  TransactionProducer& producer = producers_[{writer, extended.producer_id}];
  if (!producer.open) {
    producer.open = true;
    open_.insert({writer, extended.producer_id});
    producer.epoch = extended.epoch;
    producer.transactional_id = std::move(extended.transactional_id);
    producer.timeout_ms = extended.timeout_ms;
    producer.started = appended;
  }
  producer.updated = appended;
  for (const TopicPartition& partition : extended.partitions)
    producer.partitions.try_emplace(partition, TransactionProducer::kNothingWritten);
  dirty_producer(extended.producer_id);
  return {};
}

Status TransactionState::add_batch(const Writer& writer, int64_t producer_id, int16_t epoch,
                                   const TopicPartition& partition, Offset base_offset, bool after_damage) {
  TransactionProducer* producer = find_open(writer, producer_id, epoch);
  if (producer == nullptr && after_damage) {
    producer = &producers_[{writer, producer_id}];
    producer->open = true;
    producer->epoch = epoch;
    open_.insert({writer, producer_id});
  }
  if (producer != nullptr && after_damage)
    producer->partitions.try_emplace(partition, TransactionProducer::kNothingWritten);
  if (producer == nullptr || !producer->partitions.contains(partition))
    return fail(no_such(producer_id, epoch, "its open transaction does not hold this partition"));
  Offset& first = producer->partitions[partition];
  if (first != TransactionProducer::kNothingWritten) return {};
  first = base_offset;
  open_span(writer, producer_id, partition, first);
  dirty_producer(producer_id);
  return {};
}

void TransactionState::open_span(const Writer& writer, int64_t producer_id, const TopicPartition& partition,
                                 Offset first) {
  spans_[partition].push_back({writer, producer_id, first, Span::kOpen});
}

Status TransactionState::add_positions(const Writer& writer, TransactionPositions positions) {
  TransactionProducer* producer = find_open(writer, positions.producer_id, positions.epoch);
  if (producer == nullptr)
    return fail(no_such(positions.producer_id, positions.epoch, "it has no open transaction for these positions"));
  auto& of_group = producer->positions[positions.group];
  for (CursorCommit& position : positions.positions) {
    TopicPartition partition = position.partition;
    of_group.insert_or_assign(partition, std::move(position));
  }
  dirty_producer(positions.producer_id);
  return {};
}

void TransactionState::end_span(const Writer& writer, const TransactionEnded& ended,
                                const TransactionEnded::Marker& marker) {
  Offset first = marker.offset;  // when nothing of its records is kept here
  auto spans = spans_.find(marker.partition);
  if (spans != spans_.end()) {
    for (Span& span : spans->second) {
      bool it = span.writer == writer && span.producer_id == ended.producer_id && span.marker == Span::kOpen;
      if (!it) continue;
      span.marker = marker.offset;
      first = span.first;
    }
  }
  if (ended.committed) return;
  aborted_[marker.partition].push_back({ended.producer_id, first, marker.offset});
  dirty_[chunk_of(marker.partition)] = true;
}

// What has no marker: nothing was written, or damage has swallowed it.
void TransactionState::forget_open(const Writer& writer, int64_t producer_id, const TopicPartition& partition) {
  auto spans = spans_.find(partition);
  if (spans == spans_.end()) return;
  std::erase_if(spans->second, [&](const Span& span) {
    return span.writer == writer && span.producer_id == producer_id && span.marker == Span::kOpen;
  });
  if (spans->second.empty()) spans_.erase(spans);
}

Result<TransactionState::Positions> TransactionState::end(const Writer& writer, const TransactionEnded& ended,
                                                          WallMillis appended, bool after_damage) {
  TransactionProducer* producer = find_open(writer, ended.producer_id, ended.epoch);
  if (producer == nullptr && after_damage) producer = &producers_[{writer, ended.producer_id}];
  if (producer == nullptr)
    return fail(no_such(ended.producer_id, ended.epoch, "it has no open transaction that could end"));
  for (const TransactionEnded::Marker& marker : ended.markers) end_span(writer, ended, marker);
  for (const auto& [partition, first] : producer->partitions) forget_open(writer, ended.producer_id, partition);
  Positions positions = std::move(producer->positions);
  producer->positions.clear();
  producer->partitions.clear();
  producer->open = false;
  open_.erase({writer, ended.producer_id});
  producer->committed = ended.committed;
  producer->by_server = ended.by_server;
  producer->ended_epoch = ended.epoch;
  producer->epoch = ended.next_epoch;
  producer->updated = appended;
  dirty_producer(ended.producer_id);
  return positions;
}

void TransactionState::settle(const Writer& writer, int64_t producer_id, TransactionProducer ended) {
  auto found = producers_.find({writer, producer_id});
  if (found != producers_.end()) {
    for (const auto& [partition, first] : found->second.partitions) forget_open(writer, producer_id, partition);
  }
  open_.erase({writer, producer_id});
  producers_.insert_or_assign({writer, producer_id}, std::move(ended));
  dirty_producer(producer_id);
}

void TransactionState::expire(const Writer& writer, const std::vector<int64_t>& sorted_ids) {
  auto named = [&](int64_t id) { return std::ranges::binary_search(sorted_ids, id); };
  std::erase_if(producers_, [&](const auto& item) {
    bool goes = item.first.first == writer && !item.second.open && named(item.first.second);
    if (goes) dirty_producer(item.first.second);
    return goes;
  });
  std::erase_if(ids_, [&](const auto& item) {
    bool goes = item.first.first == writer && named(item.second.producer_id);
    if (goes) dirty_[chunk_of(item.first.second)] = true;
    return goes;
  });
}

void TransactionState::drop_topic(const TopicUuid& topic) {
  for (auto& [key, producer] : producers_) {
    size_t gone = std::erase_if(producer.partitions, [&](const auto& item) { return item.first.topic == topic; });
    for (auto& [group, positions] : producer.positions)
      gone += std::erase_if(positions, [&](const auto& item) { return item.first.topic == topic; });
    if (gone > 0) dirty_producer(key.second);
  }
  boost::unordered::erase_if(spans_, [&](const auto& item) { return item.first.topic == topic; });
  std::erase_if(aborted_, [&](const auto& item) {
    bool goes = item.first.topic == topic;
    if (goes) dirty_[chunk_of(item.first)] = true;
    return goes;
  });
}

void TransactionState::drop_before(const TopicPartition& partition, Offset log_start) {
  auto found = aborted_.find(partition);
  if (found == aborted_.end()) return;
  size_t gone = std::erase_if(found->second, [&](const auto& one) { return one.marker < log_start; });
  if (gone > 0) dirty_[chunk_of(partition)] = true;
  if (found->second.empty()) aborted_.erase(found);
}

void TransactionState::became_durable(const TopicPartition& partition, Offset high_watermark) {
  if (spans_.empty()) return;
  auto found = spans_.find(partition);
  if (found == spans_.end()) return;
  std::erase_if(found->second,
                [&](const Span& span) { return span.marker != Span::kOpen && span.marker < high_watermark; });
  if (found->second.empty()) spans_.erase(found);
}

void TransactionState::all_became_durable() {
  for (auto& [partition, spans] : spans_) std::erase_if(spans, [](const Span& s) { return s.marker != Span::kOpen; });
  boost::unordered::erase_if(spans_, [](const auto& item) { return item.second.empty(); });
}

bool TransactionState::same_aborted(const Aborted& one, const Aborted& other, const LogStart& log_start) const {
  return std::ranges::all_of(one, [&](const auto& item) {
    std::vector<AbortedTransaction> mine = item.second;
    auto found = other.find(item.first);
    std::vector<AbortedTransaction> theirs = found == other.end() ? std::vector<AbortedTransaction>() : found->second;
    const Offset start = log_start(item.first);
    auto below = [&](const AbortedTransaction& aborted) { return aborted.marker < start; };
    std::erase_if(mine, below);
    std::erase_if(theirs, below);
    return std::ranges::equal(mine, theirs, [&](const AbortedTransaction& a, const AbortedTransaction& b) {
      bool same_first = a.first == b.first || std::min(a.first, b.first) < start;  // what is dropped may be unknown
      return a.producer_id == b.producer_id && a.marker == b.marker && same_first;
    });
  });
}

bool TransactionState::same_as(const TransactionState& other, const LogStart& log_start) const {
  return ids_ == other.ids_ && producers_ == other.producers_ && same_aborted(aborted_, other.aborted_, log_start) &&
         same_aborted(other.aborted_, aborted_, log_start);
}

}  // namespace distributary
