// StreamState: the entries of transactions.
#include <fmt/core.h>

#include <algorithm>

#include "stream/stream_state.h"

namespace distributary {
namespace {

Error transaction_misfit(const ContentView& entry, std::string_view why) {
  return Error{ErrorCode::corrupt, fmt::format("{} (origin {} LSN {}) does not follow: {}", to_string(entry.type()),
                                               to_string(entry.origin()), entry.origin_lsn(), why)};
}

}  // namespace

Offset StreamState::last_stable(const Topic& topic, PartitionIndex partition) const {
  const PartitionState& at = topic.partitions[partition];
  Offset first = transactions_.first_unstable({topic.id, partition}, at.high_watermark);
  return std::clamp(first, std::min(at.log_start, at.high_watermark), at.high_watermark);
}

std::vector<std::pair<int64_t, ProducerState>> StreamState::producers_of(const TopicPartition& partition) const {
  std::vector<std::pair<int64_t, ProducerState>> out;
  for (const auto& [key, producer] : producers_) {
    if (key.partition == partition) out.emplace_back(key.producer_id, producer);
  }
  std::ranges::sort(out, {}, [](const auto& item) { return item.first; });
  return out;
}

Status StreamState::apply_transaction(const ContentView& entry, bool after_damage) {
  const Uuid writer = entry.origin().stream;
  if (entry.type() == EntryType::transactional_id_registered) {
    TRY(TransactionalIdRegistered registered, TransactionalIdRegistered::decode(entry.payload()));
    transactions_.register_id(writer, std::move(registered), entry.appended());
    return {};
  }
  if (entry.type() == EntryType::transaction_extended) return extend_transaction(entry);
  if (entry.type() == EntryType::transaction_ended) return end_transaction(entry, after_damage);
  TRY(TransactionPositions positions, TransactionPositions::decode(entry.payload()));
  Status added = transactions_.add_positions(writer, std::move(positions));
  if (!added && !after_damage) return fail(transaction_misfit(entry, added.error().message));
  return {};
}

Status StreamState::extend_transaction(const ContentView& entry) {
  TRY(TransactionExtended extended, TransactionExtended::decode(entry.payload()));
  for (const TopicPartition& partition : extended.partitions) {
    const Topic* of = topic(partition.topic);
    if (of == nullptr || partition.partition >= of->partitions.size())
      return fail(transaction_misfit(entry, "there is no such partition"));
  }
  Status applied = transactions_.extend(entry.origin().stream, std::move(extended), entry.appended());
  if (!applied) return fail(transaction_misfit(entry, applied.error().message));
  return {};
}

// Each marker takes the next offset of its partition.
Status StreamState::check_markers(const TransactionEnded& ended, bool after_damage) const {
  for (const TransactionEnded::Marker& marker : ended.markers) {
    const Topic* of = topic(marker.partition.topic);
    if (of == nullptr || marker.partition.partition >= of->partitions.size())
      return fail(ErrorCode::corrupt, "there is no such partition");
    Offset next = of->partitions[marker.partition.partition].next;
    if (marker.offset == next || (after_damage && marker.offset > next)) continue;
    return fail(ErrorCode::corrupt, fmt::format("partition {} of topic '{}' is at offset {}, the marker is {}",
                                                marker.partition.partition, of->name, next, marker.offset));
  }
  return {};
}

Status StreamState::end_transaction(const ContentView& entry, bool after_damage) {
  TRY(TransactionEnded ended, TransactionEnded::decode(entry.payload()));
  Status fits = check_markers(ended, after_damage);
  if (!fits) return fail(transaction_misfit(entry, fits.error().message));
  const Uuid writer = entry.origin().stream;
  auto positions = transactions_.end(writer, ended, entry.appended(), after_damage);
  if (!positions) return fail(transaction_misfit(entry, positions.error().message));
  for (const TransactionEnded::Marker& marker : ended.markers) {
    Topic* of = find(marker.partition.topic);
    of->partitions[marker.partition.partition].next = marker.offset + 1;
    dirty(StateChunk::Kind::topics, of->ordinal / kTopicsPerChunk);
  }
  if (!ended.committed) return {};
  for (auto& [group, of_group] : *positions) {
    for (auto& [partition, position] : of_group) put_cursor(group, writer, std::move(position), entry.appended());
  }
  return {};
}

}  // namespace distributary
