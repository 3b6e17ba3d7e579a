// StreamState: the entries of transactions.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "stream/stream_state.h"

namespace distributary {
namespace {

Error transaction_misfit(const ContentView& entry, std::string_view why) {
  return Error{ErrorCode::corrupt, fmt::format("{} (origin {} LSN {}) does not follow: {}", to_string(entry.type()),
                                               to_string(entry.origin()), entry.origin_lsn(), why)};
}

TransactionProducer producer_after(const SkippedTransaction& item) {
  TransactionProducer ended;
  ended.transactional_id = item.transactional_id;
  ended.epoch = item.epoch;
  ended.ended_epoch = item.ended_epoch;
  ended.committed = item.committed;
  ended.by_server = item.by_server;
  ended.timeout_ms = item.timeout_ms;
  ended.started = item.started;
  ended.updated = item.updated;
  return ended;
}

Status follows_if(bool follows, int64_t producer_id) {
  if (follows) return {};
  return fail(ErrorCode::corrupt, fmt::format("what producer {} did is not in order", producer_id));
}

// What steps of a range make of producers, without changing the state.
class OpenProducers {
 public:
  OpenProducers(const TransactionState& state, const Uuid& writer) : state_(state), writer_(writer) {}

  Status settle(const SkippedTransaction& item) {
    At& at = of(item.producer_id);
    const bool follows = !at.open && (!at.known || item.ended_epoch >= at.epoch);
    at = {.known = true, .epoch = item.epoch};
    return follows_if(follows, item.producer_id);
  }
  Status take(const SkippedNote& note) {
    if (note.type == EntryType::transaction_extended) return extend(note.payload);
    if (note.type == EntryType::transaction_ended) return end(note.payload);
    TRY(TransactionPositions added, TransactionPositions::decode(note.payload));
    const At& at = of(added.producer_id);
    return follows_if(at.open && at.epoch == added.epoch, added.producer_id);
  }
  const std::vector<TopicPartition>& extended_to() const { return extended_to_; }
  const std::vector<TransactionEnded::Marker>& markers() const { return markers_; }

 private:
  struct At {
    bool known = false;
    bool open = false;
    int16_t epoch = 0;
  };
  At& of(int64_t producer_id) {
    auto [place, is_new] = seen_.try_emplace(producer_id);
    const TransactionProducer* producer = is_new ? state_.producer(writer_, producer_id) : nullptr;
    if (producer != nullptr) place->second = {.known = true, .open = producer->open, .epoch = producer->epoch};
    return place->second;
  }
  Status extend(ByteView payload) {
    TRY(TransactionExtended extended, TransactionExtended::decode(payload));
    At& at = of(extended.producer_id);
    const bool follows = at.open ? extended.epoch == at.epoch : !at.known || extended.epoch >= at.epoch;
    at = {.known = true, .open = true, .epoch = extended.epoch};
    extended_to_.insert(extended_to_.end(), extended.partitions.begin(), extended.partitions.end());
    return follows_if(follows, extended.producer_id);
  }
  Status end(ByteView payload) {
    TRY(TransactionEnded ended, TransactionEnded::decode(payload));
    At& at = of(ended.producer_id);
    const bool follows = at.open && at.epoch == ended.epoch;
    at = {.known = true, .epoch = ended.next_epoch};
    markers_.insert(markers_.end(), ended.markers.begin(), ended.markers.end());
    return follows_if(follows, ended.producer_id);
  }

  const TransactionState& state_;
  Uuid writer_;
  std::map<int64_t, At> seen_;
  std::vector<TopicPartition> extended_to_;
  std::vector<TransactionEnded::Marker> markers_;
};

// Whether they are in the range, and ascend in each partition.
bool are_within(const std::vector<TransactionEnded::Marker>& markers, const Skipped& skipped) {
  if (markers.empty()) return true;
  std::map<TopicPartition, SkippedPartition> rests;  // behind the markers seen
  for (const SkippedPartition& item : skipped.partitions) rests[item.partition] = item;
  return std::ranges::all_of(markers, [&](const TransactionEnded::Marker& marker) {
    auto rest = rests.find(marker.partition);
    if (rest == rests.end() || marker.offset < rest->second.first || marker.offset >= rest->second.next) return false;
    rest->second.first = marker.offset + 1;
    return true;
  });
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
  if (ended.committed) take_positions(writer, std::move(*positions), entry.appended());
  return {};
}

void StreamState::take_positions(const Uuid& writer, TransactionState::Positions positions, WallMillis ended) {
  for (auto& [group, of_group] : positions) {
    for (auto& [partition, position] : of_group) put_cursor(group, writer, std::move(position), ended);
  }
}

// Whether what a range says of transactions follows this state.
Status StreamState::check_steps(const ContentView& entry, const Skipped& skipped) const {
  OpenProducers producers(transactions_, entry.origin().stream);
  for (const SkippedStep& step : skipped.steps()) {
    Status follows;
    if (step.transaction != nullptr) follows = producers.settle(*step.transaction);
    if (step.note != nullptr) follows = producers.take(*step.note);
    if (!follows) return fail(transaction_misfit(entry, follows.error().message));
  }
  for (const TopicPartition& partition : producers.extended_to()) {
    const Topic* of = topic(partition.topic);
    if (of == nullptr || partition.partition >= of->partitions.size())
      return fail(transaction_misfit(entry, "there is no such partition"));
  }
  if (!are_within(producers.markers(), skipped)) return fail(transaction_misfit(entry, "a marker is not in the range"));
  return {};
}

void StreamState::take_steps(const Uuid& writer, const Skipped& skipped, bool after_damage) {
  for (const SkippedStep& step : skipped.steps()) {
    if (step.cursor != nullptr) put_cursor(*step.group, writer, step.cursor->commit, step.cursor->committed);
    if (step.transaction != nullptr)
      transactions_.settle(writer, step.transaction->producer_id, producer_after(*step.transaction));
    if (step.note != nullptr) take_note(writer, *step.note, after_damage);
  }
}

// What it did to the partitions is said by the range as a whole. What does not follow behind damage is left out.
void StreamState::take_note(const Uuid& writer, const SkippedNote& note, bool after_damage) {
  if (note.type == EntryType::transaction_extended) {
    auto extended = TransactionExtended::decode(note.payload);
    Status applied = extended ? transactions_.extend(writer, std::move(*extended), note.appended) : Status{};
    CHECK(applied || after_damage);
  } else if (note.type == EntryType::transaction_positions) {
    auto added = TransactionPositions::decode(note.payload);
    Status applied = added ? transactions_.add_positions(writer, std::move(*added)) : Status{};
    CHECK(applied || after_damage);
  } else {
    auto ended = TransactionEnded::decode(note.payload);
    if (!ended) return;
    auto positions = transactions_.end(writer, *ended, note.appended, after_damage);
    CHECK(positions || after_damage);
    if (positions && ended->committed) take_positions(writer, std::move(*positions), note.appended);
  }
}

}  // namespace distributary
