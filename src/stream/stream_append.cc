// Appending: what originates here, and what a link brings.
#include <fmt/core.h>

#include <algorithm>

#include "model/record_batch.h"
#include "model/rewritten_entry.h"
#include "stream/entry_index.h"
#include "stream/stream_impl.h"

namespace distributary {
namespace {

// A producer id is (31 bits of the stream's UUID, 32-bit counter): issued by one stream only, so its state stays valid
// after a failover.
int64_t producer_id_base(const Uuid& stream) {
  uint32_t part = load_le<uint32_t>(stream.bytes.data()) & 0x7fffffff;
  return static_cast<int64_t>(part) << 32;
}

}  // namespace

Status Stream::Impl::check_writable(bool takes_space) const {
  if (failure) return fail(*failure);
  if (!damage.empty()) {
    return fail(ErrorCode::corrupt,
                fmt::format("stream {} is damaged and read-only: {}", to_string(origin.stream), damage.front().what));
  }
  if (takes_space && space_low) {
    return fail(ErrorCode::storage_full,
                "storage is almost full: produce is refused until space returns; delete topics or streams, shorten the "
                "ttl, or add space");
  }
  return {};
}

ContentFields Stream::Impl::own_fields(EntryType type, TopicUuid topic) const {
  OriginPosition position = state.origin(origin);
  ContentFields fields;
  fields.type = type;
  fields.origin = origin;
  fields.origin_lsn = position.lsn + 1;
  fields.chain_before = position.chain;
  fields.appended = world.clock().wall_now();
  fields.topic = topic;
  return fields;
}

template <class Patch>
Result<ContentView> Stream::Impl::append_own(ContentFields fields, ByteView payload, Patch patch) {
  PendingGroup& group = writer->gather();
  size_t at = begin_entry(group.bytes, fields, payload);
  patch(MutableBytes(group.bytes).subspan(at + kEntryHeaderBytes, payload.size()));
  ContentView content = seal_entry(group.bytes, at, writer->next_lsn(), group.salt);
  announce(content);
  Status applied = state.apply(content);
  if (!applied) {
    group.bytes.resize(at);
    return fail(applied.error());
  }
  note_added(group, content, group.at + at - group.header_at, entry_length(payload.size()));
  return content;
}

Result<ContentView> Stream::Impl::append_own(ContentFields fields, ByteView payload) {
  return append_own(fields, payload, [](MutableBytes) {});
}

void Stream::Impl::announce(const ContentView& content) const {
  if (listeners.empty()) return;
  const Topic* topic = state.topic(content.topic());
  switch (content.type()) {
    case EntryType::topic_deleted:
      for (PartitionIndex i = 0; topic != nullptr && i < topic->partitions.size(); ++i) tell(topic->ordinal, i);
      break;
    case EntryType::records_deleted:
      if (topic != nullptr) tell(topic->ordinal, content.partition());
      break;
    case EntryType::expired: {
      auto expired = Expired::decode(content.payload());
      if (!expired) break;
      for (const auto& [partition, log_start] : expired->partitions) {
        const Topic* of = state.topic(partition.topic);
        if (of != nullptr) tell(of->ordinal, partition.partition);
      }
      break;
    }
    case EntryType::leader_epoch_raised:
    case EntryType::baseline:
      for (PartitionListener* listener : listeners) listener->all_changed();
      break;
    default: break;  // records are told of when they are visible; the rest concerns no reader
  }
}

void Stream::Impl::note_added(PendingGroup& group, const ContentView& content, uint64_t at, size_t length) {
  visit_indexed(state, content, {group.segment, at, length}, [&](const IndexEntry& entry) {
    index.add(entry);
    group.watermarks.push_back({ordinal_of(entry.key), partition_of(entry.key), entry.end_offset()});
  });
  if (content.type() == EntryType::skipped) {
    auto skipped = Skipped::decode(content.payload());
    for (const SkippedPartition& item : skipped->partitions) note_watermark(group, item.partition);
  }
  if (content.type() == EntryType::topic_altered) limits_changed = true;
  LogPosition end{writer->next_lsn() + content.lsn_count(), group.segment, 0, state.history_bytes(),
                  state.history_records()};
  writer->added(end);
  if (checkpoint_due()) upkeep_wanted.notify_all();
}

// The partition's end, which everybody may see once the group is durable.
void Stream::Impl::note_watermark(PendingGroup& group, const TopicPartition& partition) {
  const Topic* topic = state.topic(partition.topic);
  group.watermarks.push_back({topic->ordinal, partition.partition, topic->partitions[partition.partition].next});
}

Result<const Topic*> Stream::Impl::owned_topic(const TopicUuid& id) const {
  const Topic* topic = state.topic(id);
  if (topic == nullptr) return fail(ErrorCode::not_found, fmt::format("there is no topic {}", to_string(id)));
  if (topic->owner != origin.stream) {
    return fail(ErrorCode::not_owner, fmt::format("topic '{}' is owned by stream {}, of which this stream is a "
                                                  "replica: produce there",
                                                  topic->name, to_string(topic->owner)));
  }
  return topic;
}

Result<std::optional<AppendedBatch>> Stream::Impl::check_sequence(const TopicPartition& partition,
                                                                  const RecordBatchView& batch) const {
  if (!batch.has_producer_id()) return std::nullopt;
  const ProducerState* producer = state.producer({partition, batch.producer_id()});
  if (producer == nullptr) return std::nullopt;
  if (batch.producer_epoch() < producer->epoch) {
    return fail(ErrorCode::fenced, fmt::format("producer {} has epoch {}, a newer one has {}", batch.producer_id(),
                                               batch.producer_epoch(), producer->epoch));
  }
  if (batch.producer_epoch() > producer->epoch) {
    if (batch.base_sequence() == 0) return std::nullopt;
    return fail(ErrorCode::conflict, fmt::format("producer {} begins epoch {} at sequence {}, expected 0",
                                                 batch.producer_id(), batch.producer_epoch(), batch.base_sequence()));
  }
  for (size_t i = 0; i < producer->count; ++i) {
    const ProducerState::Batch& known = producer->batches[i];
    if (known.first_sequence == batch.base_sequence() && known.last_sequence == batch.last_sequence()) {
      AppendedBatch duplicate{known.base_offset, writer->next_lsn() - 1, -1, true};
      return duplicate;
    }
  }
  if (producer->count == 0) return std::nullopt;
  int32_t last = producer->batches[producer->count - 1].last_sequence;
  if (batch.base_sequence() != sequence_after(last, 1)) {
    return fail(ErrorCode::conflict, fmt::format("producer {} sent sequence {}, expected {}", batch.producer_id(),
                                                 batch.base_sequence(), sequence_after(last, 1)));
  }
  return std::nullopt;
}

Result<AppendedBatch> Stream::Impl::append_batch(const TopicPartition& partition, ByteView bytes) {
  TRY_STATUS(check_writable(true));
  TRY(const Topic* topic, owned_topic(partition.topic));
  if (partition.partition >= topic->partitions.size()) {
    return fail(ErrorCode::not_found, fmt::format("topic '{}' has no partition {}", topic->name, partition.partition));
  }
  TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
  TRY(std::optional<AppendedBatch> duplicate, check_sequence(partition, batch));
  if (duplicate) return *duplicate;
  ContentFields fields = own_fields(EntryType::record_batch, partition.topic);
  fields.partition = partition.partition;
  fields.base_offset = topic->partitions[partition.partition].next;
  fields.offset_count = static_cast<uint32_t>(batch.last_offset_delta()) + 1;
  bool stamp = topic->timestamp_type == TimestampType::log_append_time;
  LeaderEpoch leader_epoch = topic->leader_epoch;
  Lsn lsn = writer->next_lsn();
  TRY(ContentView content, append_own(fields, bytes, [&](MutableBytes payload) {
        set_base_offset(payload, fields.base_offset);
        set_leader_epoch(payload, leader_epoch);
        if (stamp) set_log_append_time(payload, fields.appended);
      }));
  (void)content;
  return AppendedBatch{fields.base_offset, lsn, stamp ? fields.appended : -1, false};
}

bool Stream::Impl::is_duplicate(const ContentView& content, const OriginPosition& position) const {
  if (content.entry_class() != EntryClass::baseline) return content.last_origin_lsn() <= position.lsn;
  if (position.lsn > 0) return true;
  if (content.origin_lsn() > 0) return false;
  // A note of what will follow, which may be sent again until it does.
  OriginLsn until = state.rewritten_until(content.origin());
  std::vector<uint8_t> known = StreamState().encode_baseline(content.origin(), until);
  return std::equal(known.begin(), known.end(), content.payload().begin(), content.payload().end());
}

Result<Lsn> Stream::Impl::append_replicated(ByteView bytes) {
  TRY_STATUS(check_writable(false));
  TRY(ContentView content, ContentView::parse(bytes));
  if (!content.travels()) return fail(ErrorCode::invalid_argument, "a local entry cannot come over a link");
  OriginPosition position = state.origin(content.origin());
  if (is_duplicate(content, position)) return writer->next_lsn() - 1;
  bool from_nothing = content.entry_class() == EntryClass::baseline;
  if (content.origin_lsn() != position.lsn + 1 && !from_nothing) {
    return fail(ErrorCode::gap, fmt::format("origin {} is at LSN {} here, the entry is LSN {}",
                                            to_string(content.origin()), position.lsn, content.origin_lsn()));
  }
  OriginLsn until = state.rewritten_until(content.origin());
  if (content.is_rewritten() && content.last_origin_lsn() > until) {
    return fail(ErrorCode::gap,
                fmt::format("LSNs {} to {} of origin {} are no longer whole at the source (a rewrite has dropped "
                            "records that this replica must have first)",
                            content.origin_lsn(), content.last_origin_lsn(), to_string(content.origin())));
  }
  if (content.chain_before() != position.chain && !from_nothing) {
    return fail(
        ErrorCode::diverged,
        fmt::format("histories of origin {} differ at LSN {}: chain hash {} here, {} at the source",
                    to_string(content.origin()), position.lsn, to_hex(position.chain), to_hex(content.chain_before())));
  }
  // The group first: what it notes of the state where it begins must not count this entry yet.
  PendingGroup& group = writer->gather();
  announce(content);
  Status applied = state.apply(content);
  if (!applied) return fail(ErrorCode::diverged, applied.error().message);
  uint64_t at = group.next_at();
  Lsn lsn = writer->next_lsn();
  ContentView kept = append_content(group.bytes, bytes, lsn, group.salt);
  note_added(group, kept, at, entry_length(content.payload().size()));
  return writer->next_lsn() - 1;
}

Result<Lsn> Stream::Impl::append_local(EntryType type, ByteView payload) {
  ContentFields fields;
  fields.entry_class = EntryClass::local;
  fields.type = type;
  fields.origin = origin;
  fields.appended = world.clock().wall_now();
  Lsn lsn = writer->next_lsn();
  TRY(ContentView content, append_own(fields, payload));
  (void)content;
  return lsn;
}

Result<AppendedBatch> Stream::append_batch(const TopicPartition& partition, ByteView batch) {
  return impl_->append_batch(partition, batch);
}
Result<Lsn> Stream::append_replicated(ByteView content) { return impl_->append_replicated(content); }

Result<Stream::CreatedTopic> Stream::create_topic(const std::string& name, uint32_t partitions,
                                                  TimestampType timestamp_type, TopicSettings settings) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(true));
  TRY_STATUS(settings.check());
  if (self.state.topic_named(name) != nullptr)
    return fail(ErrorCode::already_exists, fmt::format("topic '{}' exists", name));
  if (partitions == 0 || partitions > kPartitionsPerTopicMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} partitions: 1 to {} are allowed", partitions, kPartitionsPerTopicMax));
  }
  OriginLsn origin_lsn = self.state.origin(self.origin).lsn + 1;
  ContentFields fields = self.own_fields(EntryType::topic_created, derive_topic_uuid(self.origin, origin_lsn));
  TimestampType stamped = settings.timestamp_type.value_or(timestamp_type);
  TopicCreated created{name, partitions, self.origin.stream, stamped, std::move(settings)};
  CreatedTopic result{fields.topic, self.writer->next_lsn()};
  TRY(ContentView content, self.append_own(fields, created.encode()));
  (void)content;
  return result;
}

Status Stream::check_owner(const TopicUuid& id) const {
  TRY(const Topic* topic, impl_->owned_topic(id));
  (void)topic;
  return {};
}

Result<Lsn> Stream::alter_topic(const TopicUuid& id, TopicAltered change) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  TRY(const Topic* topic, self.owned_topic(id));
  if (change.partitions < topic->partitions.size() || change.partitions > kPartitionsPerTopicMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("topic '{}' has {} partitions: they can only be added, up to {}", topic->name,
                            topic->partitions.size(), kPartitionsPerTopicMax));
  }
  TRY_STATUS(change.settings.check());
  change.timestamp_type = change.settings.timestamp_type.value_or(change.timestamp_type);
  Lsn lsn = self.writer->next_lsn();
  TRY(ContentView content, self.append_own(self.own_fields(EntryType::topic_altered, id), change.encode()));
  (void)content;
  return lsn;
}

Result<Lsn> Stream::delete_topic(const TopicUuid& id) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  TRY(const Topic* topic, self.owned_topic(id));
  (void)topic;
  Lsn lsn = self.writer->next_lsn();
  TRY(ContentView content, self.append_own(self.own_fields(EntryType::topic_deleted, id), {}));
  (void)content;
  return lsn;
}

Result<Lsn> Stream::commit_cursors(const std::string& group, std::vector<CursorCommit> cursors) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  if (group.size() > kGroupIdBytesMax || cursors.size() > kCursorsPerEntryMax) {
    return fail(ErrorCode::too_large, fmt::format("a commit has at most {} partitions and a group id {} bytes",
                                                  kCursorsPerEntryMax, kGroupIdBytesMax));
  }
  CursorsCommitted committed{group, self.origin.stream, std::move(cursors)};
  Lsn lsn = self.writer->next_lsn();
  TRY(ContentView content, self.append_own(self.own_fields(EntryType::cursors_committed, {}), committed.encode()));
  (void)content;
  return lsn;
}

Result<Lsn> Stream::delete_cursors(CursorsDeleted cursors) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  Lsn lsn = self.writer->next_lsn();
  TRY(ContentView content, self.append_own(self.own_fields(EntryType::cursors_deleted, {}), cursors.encode()));
  (void)content;
  return lsn;
}

Result<Lsn> Stream::delete_records(const TopicPartition& partition, Offset log_start) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  TRY(const Topic* topic, self.owned_topic(partition.topic));
  bool known = partition.partition < topic->partitions.size();
  if (!known || log_start < 0 || log_start > topic->partitions[partition.partition].high_watermark) {
    return fail(ErrorCode::out_of_range, fmt::format("topic '{}' partition {} cannot be deleted up to offset {}",
                                                     topic->name, partition.partition, log_start));
  }
  ContentFields fields = self.own_fields(EntryType::records_deleted, partition.topic);
  fields.partition = partition.partition;
  Lsn lsn = self.writer->next_lsn();
  TRY(ContentView content, self.append_own(fields, RecordsDeleted{log_start}.encode()));
  (void)content;
  return lsn;
}

Result<Stream::IssuedProducerIds> Stream::issue_producer_ids(uint32_t count) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(true));
  int64_t issued = self.state.producer_ids_issued(self.origin.stream);
  if (issued + count > int64_t{UINT32_MAX})
    return fail(ErrorCode::out_of_range, "this stream has issued all its producer ids");
  IssuedProducerIds ids{producer_id_base(self.origin.stream) + issued, self.writer->next_lsn()};
  TRY(ContentView content, self.append_own(self.own_fields(EntryType::producer_ids_issued, {}),
                                           ProducerIdsIssued{ids.first, count}.encode()));
  (void)content;
  return ids;
}

}  // namespace distributary
