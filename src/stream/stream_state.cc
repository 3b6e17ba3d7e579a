#include "stream/stream_state.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/record_batch.h"
#include "model/rewritten_entry.h"

namespace distributary {
namespace {

Error misfit(const ContentView& entry, std::string_view why) {
  return Error{ErrorCode::corrupt, fmt::format("{} (origin {} LSN {}) does not follow: {}", to_string(entry.type()),
                                               to_string(entry.origin()), entry.origin_lsn(), why)};
}

}  // namespace

Topic* StreamState::find(const TopicUuid& id) {
  auto found = ordinals_.find(id);
  return found == ordinals_.end() ? nullptr : topics_[found->second].get();
}

const Topic* StreamState::topic(const TopicUuid& id) const { return const_cast<StreamState*>(this)->find(id); }

const Topic* StreamState::topic_named(const std::string& name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : topics_[found->second].get();
}

const Topic* StreamState::topic_at(uint32_t ordinal) const {
  return ordinal < topics_.size() ? topics_[ordinal].get() : nullptr;
}

const ProducerState* StreamState::producer(const ProducerKey& key) const {
  auto found = producers_.find(key);
  return found == producers_.end() ? nullptr : &found->second;
}

const Cursor* StreamState::cursor(const std::string& group, const TopicPartition& partition, const Uuid* here) const {
  auto of_group = cursors_.find(group);
  if (of_group == cursors_.end()) return nullptr;
  auto slots = of_group->second.find(partition);
  if (slots == of_group->second.end()) return nullptr;
  const Cursor* best = nullptr;
  for (const Cursor& slot : slots->second) {
    if (here != nullptr && slot.writer == *here) return &slot;
    if (best == nullptr || std::tie(best->committed, best->writer) < std::tie(slot.committed, slot.writer))
      best = &slot;
  }
  return best;
}

OriginPosition StreamState::origin(const Origin& origin) const {
  auto found = origins_.find(origin);
  return found == origins_.end() ? OriginPosition{} : found->second;
}

int64_t StreamState::producer_ids_issued(const Uuid& stream) const {
  auto found = producer_ids_issued_.find(stream);
  return found == producer_ids_issued_.end() ? 0 : found->second;
}

void StreamState::set_high_watermark(uint32_t ordinal, PartitionIndex partition, Offset offset) {
  Topic* topic = ordinal < topics_.size() ? topics_[ordinal].get() : nullptr;
  if (topic == nullptr || partition >= topic->partitions.size()) return;
  topic->partitions[partition].high_watermark = offset;
  transactions_.became_durable({topic->id, partition}, offset);
}

void StreamState::raise_all_high_watermarks() {
  for (auto& topic : topics_) {
    if (!topic) continue;
    for (PartitionState& partition : topic->partitions) partition.high_watermark = partition.next;
  }
  transactions_.all_became_durable();
}

Status StreamState::apply(const ContentView& entry, bool after_damage) {
  if (entry.entry_class() == EntryClass::local) return expire(entry);
  if (entry.entry_class() == EntryClass::baseline) return apply_baseline(entry);
  TRY_STATUS(follow_origin(entry, after_damage));
  TRY_STATUS(apply_history(entry, after_damage));
  OriginPosition& position = origins_[entry.origin()];
  position.lsn = entry.last_origin_lsn();
  position.chain = entry.chain_after();
  history_bytes_ += entry.history_bytes();
  history_records_ += entry.history_records();
  return {};
}

Status StreamState::follow_origin(const ContentView& entry, bool after_damage) {
  OriginPosition position = origin(entry.origin());
  if (after_damage && entry.origin_lsn() > position.lsn) return {};
  if (entry.origin_lsn() != position.lsn + 1) {
    return fail(misfit(entry, fmt::format("the origin is at LSN {}", position.lsn)));
  }
  if (entry.chain_before() != position.chain) return fail(misfit(entry, "the chain hash before it is another"));
  return {};
}

Status StreamState::apply_history(const ContentView& entry, bool after_damage) {
  switch (entry.type()) {
    case EntryType::record_batch:
    case EntryType::compacted_batch: return apply_batch(entry, after_damage);
    case EntryType::skipped: return skip(entry, after_damage);
    case EntryType::topic_created: return create_topic(entry);
    case EntryType::topic_altered: return alter_topic(entry);
    case EntryType::topic_deleted: return delete_topic(entry);
    case EntryType::cursors_committed: return commit_cursors(entry);
    case EntryType::cursors_deleted: return delete_cursors(entry);
    case EntryType::producer_ids_issued: return issue_producer_ids(entry);
    case EntryType::producers_expired: return expire_producers(entry);
    case EntryType::leader_epoch_raised: raise_epochs(entry); return {};
    case EntryType::records_deleted: return delete_records(entry);
    case EntryType::transactional_id_registered:
    case EntryType::transaction_extended:
    case EntryType::transaction_positions:
    case EntryType::transaction_ended: return apply_transaction(entry, after_damage);
    case EntryType::baseline:
    case EntryType::expired: break;
  }
  return fail(misfit(entry, "it is not history"));
}

Status StreamState::apply_batch(const ContentView& entry, bool after_damage) {
  Topic* topic = find(entry.topic());
  if (topic == nullptr) return fail(misfit(entry, "there is no such topic"));
  if (entry.partition() >= topic->partitions.size()) {
    return fail(misfit(entry, fmt::format("topic '{}' has no partition {}", topic->name, entry.partition())));
  }
  PartitionState& partition = topic->partitions[entry.partition()];
  bool stepped_over = after_damage && entry.base_offset() > partition.next;
  if (entry.base_offset() != partition.next && !stepped_over) {
    return fail(misfit(entry, fmt::format("partition {} of topic '{}' is at offset {}, the batch begins at {}",
                                          entry.partition(), topic->name, partition.next, entry.base_offset())));
  }
  if (entry.offset_count() == 0 || entry.batch().size() < kBatchHeaderBytes)
    return fail(misfit(entry, "the batch is empty"));
  auto batch = RecordBatchView::parse(entry.batch());
  if (batch && batch->transactional()) {
    Status follows = transactions_.add_batch(entry.origin().stream, batch->producer_id(), batch->producer_epoch(),
                                             {entry.topic(), entry.partition()}, entry.base_offset(), after_damage);
    if (!follows) return fail(misfit(entry, follows.error().message));
  }
  partition.next = entry.end_offset();
  if (batch) remember_producer(entry, *batch);
  dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  return {};
}

void StreamState::remember_producer(const ContentView& entry, const RecordBatchView& batch) {
  if (!batch.has_producer_id() || batch.base_sequence() < 0) return;
  ProducerState::Batch facts{batch.base_sequence(), batch.last_sequence(), entry.base_offset()};
  remember_batch({{entry.topic(), entry.partition()}, batch.producer_id()}, batch.producer_epoch(), facts,
                 entry.appended());
}

void StreamState::remember_batch(const ProducerKey& key, int16_t epoch, const ProducerState::Batch& batch,
                                 WallMillis appended) {
  ProducerState& producer = producers_[key];
  if (producer.epoch != epoch) producer = {};  // nothing stale: what is loaded must be equal
  producer.epoch = epoch;
  producer.last_appended = appended;
  if (producer.count == ProducerState::kBatchesKept) {
    std::rotate(producer.batches.begin(), producer.batches.begin() + 1, producer.batches.end());
    --producer.count;
  }
  producer.batches[producer.count++] = batch;
  dirty(StateChunk::Kind::producers, producer_chunk(key.producer_id));
}

Status StreamState::check_skipped(const ContentView& entry, const Skipped& skipped, bool after_damage) const {
  for (const SkippedPartition& item : skipped.partitions) {
    const Topic* of = topic(item.partition.topic);
    if (of == nullptr || item.partition.partition >= of->partitions.size())
      return fail(misfit(entry, "there is no such partition"));
    Offset next = of->partitions[item.partition.partition].next;
    if (item.first == next || (after_damage && item.first > next)) continue;
    return fail(misfit(entry, fmt::format("partition {} of topic '{}' is at offset {}, what was dropped begins at {}",
                                          item.partition.partition, of->name, next, item.first)));
  }
  return after_damage ? Status{} : check_steps(entry, skipped);
}

// A range that a rewrite has dropped: what its entries did to partitions, producers, transactions and cursors.
Status StreamState::skip(const ContentView& entry, bool after_damage) {
  TRY(Skipped skipped, Skipped::decode(entry.payload()));
  TRY_STATUS(check_skipped(entry, skipped, after_damage));
  take_steps(entry.origin().stream, skipped, after_damage);
  for (const SkippedPartition& item : skipped.partitions) {
    Topic* topic = find(item.partition.topic);
    PartitionState& partition = topic->partitions[item.partition.partition];
    partition.next = item.next;
    if (item.trimmed) {
      partition.log_start = std::max(partition.log_start, item.next);
      transactions_.drop_before(item.partition, partition.log_start);
    }
    dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  }
  for (const SkippedBatch& batch : skipped.batches) {
    remember_batch({batch.partition, batch.producer_id}, batch.producer_epoch,
                   {batch.first_sequence, batch.last_sequence, batch.base_offset}, batch.appended);
  }
  return {};
}

OriginLsn StreamState::rewritten_until(const Origin& origin) const {
  auto found = rewritten_until_.find(origin);
  return found == rewritten_until_.end() ? 0 : found->second;
}

Status StreamState::create_topic(const ContentView& entry) {
  TRY(TopicCreated created, TopicCreated::decode(entry.payload()));
  TopicUuid id = derive_topic_uuid(entry.origin(), entry.origin_lsn());
  if (id != entry.topic()) return fail(misfit(entry, "its topic id is not derived from where it was created"));
  if (topics_.size() >= kTopicOrdinalsMax) return fail(misfit(entry, "the stream has had as many topics as it may"));
  auto topic = std::make_unique<Topic>();
  topic->id = id;
  topic->name = std::move(created.name);
  topic->owner = created.owner;
  topic->creator = entry.origin();
  topic->created_at = entry.origin_lsn();
  topic->timestamp_type = created.timestamp_type;
  topic->set_settings(std::move(created.settings));
  topic->partitions.resize(created.partitions);
  adopt(std::move(topic));
  return {};
}

// Gives a topic that is new here its ordinal and, if it is free, its name.
uint32_t StreamState::adopt(std::unique_ptr<Topic> topic) {
  topics_version_ = history_bytes_ + 1;
  uint32_t ordinal = static_cast<uint32_t>(topics_.size());
  topic->ordinal = ordinal;
  topic->name_taken = !names_.try_emplace(topic->name, ordinal).second;
  ordinals_.emplace(topic->id, ordinal);
  dirty(StateChunk::Kind::topics, ordinal / kTopicsPerChunk);
  topics_.push_back(std::move(topic));
  return ordinal;
}

Status StreamState::alter_topic(const ContentView& entry) {
  TRY(TopicAltered altered, TopicAltered::decode(entry.payload()));
  Topic* topic = find(entry.topic());
  if (topic == nullptr) return fail(misfit(entry, "there is no such topic"));
  if (altered.partitions < topic->partitions.size()) return fail(misfit(entry, "partitions can only be added"));
  topics_version_ = history_bytes_ + 1;
  topic->partitions.resize(altered.partitions);
  topic->timestamp_type = altered.timestamp_type;
  topic->set_settings(std::move(altered.settings));
  dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  return {};
}

Status StreamState::delete_topic(const ContentView& entry) {
  Topic* topic = find(entry.topic());
  if (topic == nullptr) return fail(misfit(entry, "there is no such topic"));
  topics_version_ = history_bytes_ + 1;
  ++deaths_;
  uint32_t ordinal = topic->ordinal;
  std::string name = topic->name;
  bool had_name = !topic->name_taken;
  for (auto& [group, partitions] : cursors_) {
    std::erase_if(partitions, [&](const auto& item) { return item.first.topic == entry.topic(); });
    dirty(StateChunk::Kind::cursors, crc32c(as_bytes(group)) % kCursorChunks);
  }
  std::erase_if(cursors_, [](const auto& item) { return item.second.empty(); });
  boost::unordered::erase_if(producers_, [&](const auto& item) { return item.first.partition.topic == entry.topic(); });
  for (uint32_t i = 0; i < kProducerChunks; ++i) dirty(StateChunk::Kind::producers, i);
  transactions_.drop_topic(entry.topic());
  ordinals_.erase(entry.topic());
  topics_[ordinal].reset();
  dirty(StateChunk::Kind::topics, ordinal / kTopicsPerChunk);
  if (!had_name) return {};
  names_.erase(name);
  for (auto& other : topics_) {  // the next one of that name, if any, is bound now
    if (!other || other->name != name) continue;
    other->name_taken = false;
    names_.emplace(name, other->ordinal);
    dirty(StateChunk::Kind::topics, other->ordinal / kTopicsPerChunk);
    break;
  }
  return {};
}

Status StreamState::commit_cursors(const ContentView& entry) {
  TRY(CursorsCommitted committed, CursorsCommitted::decode(entry.payload()));
  for (CursorCommit& commit : committed.cursors)
    put_cursor(committed.group, committed.writer, std::move(commit), entry.appended());
  return {};
}

void StreamState::put_cursor(const std::string& group, const Uuid& writer, CursorCommit commit, WallMillis committed) {
  if (find(commit.partition.topic) == nullptr) return;  // deleted meanwhile
  std::vector<Cursor>& slots = cursors_[group][commit.partition];
  auto slot = std::find_if(slots.begin(), slots.end(), [&](const Cursor& c) { return c.writer == writer; });
  if (slot == slots.end()) slot = slots.insert(slots.end(), Cursor{});
  *slot = Cursor{writer, commit.offset, commit.leader_epoch, committed, std::move(commit.metadata)};
  dirty(StateChunk::Kind::cursors, crc32c(as_bytes(group)) % kCursorChunks);
}

Status StreamState::delete_cursors(const ContentView& entry) {
  TRY(CursorsDeleted deleted, CursorsDeleted::decode(entry.payload()));
  auto group = cursors_.find(deleted.group);
  if (group == cursors_.end()) return {};
  for (const TopicPartition& partition : deleted.partitions) {
    auto slots = group->second.find(partition);
    if (slots == group->second.end()) continue;
    std::erase_if(slots->second, [&](const Cursor& slot) { return slot.writer == entry.origin().stream; });
    if (slots->second.empty()) group->second.erase(slots);
  }
  if (group->second.empty()) cursors_.erase(group);
  dirty(StateChunk::Kind::cursors, crc32c(as_bytes(deleted.group)) % kCursorChunks);
  return {};
}

Status StreamState::issue_producer_ids(const ContentView& entry) {
  TRY(ProducerIdsIssued issued, ProducerIdsIssued::decode(entry.payload()));
  producer_ids_issued_[entry.origin().stream] += issued.count;
  return {};
}

Status StreamState::expire_producers(const ContentView& entry) {
  TRY(ProducersExpired expired, ProducersExpired::decode(entry.payload()));
  std::sort(expired.ids.begin(), expired.ids.end());
  boost::unordered::erase_if(producers_, [&](const auto& item) {
    return std::binary_search(expired.ids.begin(), expired.ids.end(), item.first.producer_id);
  });
  for (int64_t id : expired.ids) dirty(StateChunk::Kind::producers, producer_chunk(id));
  transactions_.expire(entry.origin().stream, expired.ids);
  return {};
}

void StreamState::raise_epochs(const ContentView& entry) {
  for (auto& topic : topics_) {
    if (!topic || topic->owner != entry.origin().stream) continue;
    LeaderEpochStart start{++topic->leader_epoch, {}};
    for (const PartitionState& partition : topic->partitions) start.starts.push_back(partition.next);
    topic->epoch_starts.push_back(std::move(start));
    dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  }
}

Status StreamState::delete_records(const ContentView& entry) {
  TRY(RecordsDeleted deleted, RecordsDeleted::decode(entry.payload()));
  Topic* topic = find(entry.topic());
  if (topic == nullptr || entry.partition() >= topic->partitions.size())
    return fail(misfit(entry, "there is no such partition"));
  PartitionState& partition = topic->partitions[entry.partition()];
  if (deleted.log_start > partition.next) return fail(misfit(entry, "it deletes beyond the end"));
  partition.log_start = std::max(partition.log_start, deleted.log_start);
  transactions_.drop_before({topic->id, entry.partition()}, partition.log_start);
  ++deaths_;
  dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  return {};
}

Status StreamState::expire(const ContentView& entry) {
  TRY(Expired expired, Expired::decode(entry.payload()));
  ++deaths_;
  for (const Expired::Partition& item : expired.partitions) {
    Topic* topic = find(item.partition.topic);
    if (topic == nullptr || item.partition.partition >= topic->partitions.size()) continue;
    PartitionState& partition = topic->partitions[item.partition.partition];
    partition.log_start = std::clamp(item.log_start, partition.log_start, partition.next);
    transactions_.drop_before(item.partition, partition.log_start);
    dirty(StateChunk::Kind::topics, topic->ordinal / kTopicsPerChunk);
  }
  return {};
}

bool StreamState::same_as(const StreamState& other) const {
  if (names_.size() != other.names_.size() || ordinals_.size() != other.ordinals_.size()) return false;
  for (const auto& topic : topics_) {
    if (!topic) continue;
    const Topic* twin = other.topic(topic->id);
    if (twin == nullptr || twin->name != topic->name || twin->owner != topic->owner ||
        twin->leader_epoch != topic->leader_epoch || twin->partitions.size() != topic->partitions.size() ||
        twin->epoch_starts != topic->epoch_starts || twin->timestamp_type != topic->timestamp_type ||
        twin->own_settings() != topic->own_settings()) {
      return false;
    }
    for (size_t i = 0; i < topic->partitions.size(); ++i) {
      if (twin->partitions[i].next != topic->partitions[i].next) return false;
    }
  }
  bool same_producers = std::all_of(producers_.begin(), producers_.end(), [&](const auto& item) {
    const ProducerState* twin = other.producer(item.first);
    return twin != nullptr && *twin == item.second;
  });
  return same_producers && producers_.size() == other.producers_.size() && cursors_ == other.cursors_ &&
         origins_ == other.origins_ && producer_ids_issued_ == other.producer_ids_issued_ &&
         transactions_.same_as(other.transactions_, [&](const TopicPartition& partition) {
           const Topic* here = topic(partition.topic);
           const Topic* there = other.topic(partition.topic);
           return here == nullptr || there == nullptr ? Offset{0}
                                                      : std::max(here->partitions[partition.partition].log_start,
                                                                 there->partitions[partition.partition].log_start);
         });
}

}  // namespace distributary
