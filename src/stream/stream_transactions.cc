// Appending the entries of transactions.
#include <fmt/core.h>

#include <algorithm>

#include "stream/stream_impl.h"

namespace distributary {
namespace {

constexpr size_t kProducersPerEntryMax = 100'000;  // as ProducersExpired decodes

}  // namespace

Result<Lsn> Stream::Impl::append_note(EntryType type, ByteView payload) {
  Lsn lsn = writer->next_lsn();
  TRY(ContentView content, append_own(own_fields(type, {}), payload));
  (void)content;
  return lsn;
}

Result<const TransactionProducer*> Stream::Impl::open_transaction(int64_t producer_id) const {
  const TransactionProducer* producer = state.transactions().producer(origin.stream, producer_id);
  if (producer != nullptr && producer->open) return producer;
  return fail(ErrorCode::conflict,
              fmt::format("producer {} has no open transaction in stream {}", producer_id, to_string(origin.stream)));
}

Result<Lsn> Stream::register_transactional_id(TransactionalIdRegistered registered) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(true));
  if (registered.id.empty() || registered.id.size() > kTransactionalIdBytesMax) {
    return fail(ErrorCode::too_large, fmt::format("a transactional id has 1 to {} bytes, this one {}",
                                                  kTransactionalIdBytesMax, registered.id.size()));
  }
  bool known = self.state.transactions().id(self.origin.stream, registered.id) != nullptr;
  if (!known && self.state.transactions().ids().size() >= kTransactionalIdsMax) {
    return fail(ErrorCode::too_large,
                fmt::format("stream {} has {} transactional ids and takes no more; unused ones go after -pidexpirysecs",
                            to_string(self.origin.stream), kTransactionalIdsMax));
  }
  return self.append_note(EntryType::transactional_id_registered, registered.encode());
}

Result<Lsn> Stream::extend_transaction(TransactionExtended extended) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(true));
  if (extended.transactional_id.size() > kTransactionalIdBytesMax)
    return fail(ErrorCode::too_large,
                fmt::format("a transactional id with its path has at most {} bytes", kTransactionalIdBytesMax));
  for (const TopicPartition& partition : extended.partitions) {
    TRY(const Topic* topic, self.owned_topic(partition.topic));
    if (partition.partition >= topic->partitions.size())
      return fail(ErrorCode::not_found,
                  fmt::format("topic '{}' has no partition {}", topic->name, partition.partition));
  }
  const TransactionProducer* open = self.state.transactions().producer(self.origin.stream, extended.producer_id);
  size_t held = open == nullptr ? 0 : open->partitions.size();
  if (held + extended.partitions.size() > kTransactionPartitionsMax) {
    return fail(ErrorCode::too_large,
                fmt::format("a transaction has at most {} partitions", kTransactionPartitionsMax));
  }
  return self.append_note(EntryType::transaction_extended, extended.encode());
}

Result<Lsn> Stream::add_positions(TransactionPositions positions) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  if (positions.group.size() > kGroupIdBytesMax || positions.positions.size() > kCursorsPerEntryMax) {
    return fail(ErrorCode::too_large, fmt::format("a commit has at most {} partitions and a group id {} bytes",
                                                  kCursorsPerEntryMax, kGroupIdBytesMax));
  }
  TRY(const TransactionProducer* open, self.open_transaction(positions.producer_id));
  if (!open->positions.contains(positions.group) && open->positions.size() >= kTransactionGroupsMax)
    return fail(ErrorCode::too_large,
                fmt::format("a transaction has positions of at most {} groups", kTransactionGroupsMax));
  return self.append_note(EntryType::transaction_positions, positions.encode());
}

Result<Lsn> Stream::end_transaction(TransactionEnding ending) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  TRY(const TransactionProducer* open, self.open_transaction(ending.producer_id));
  if (ending.next_epoch < open->epoch)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the epoch after {} cannot be {}", open->epoch, ending.next_epoch));
  TransactionEnded ended{ending.producer_id, open->epoch, ending.next_epoch, ending.committed, ending.by_server, {}};
  for (const auto& [partition, first] : open->partitions) {
    if (first == TransactionProducer::kNothingWritten) continue;
    const Topic* topic = self.state.topic(partition.topic);
    if (topic == nullptr) continue;
    ended.markers.push_back({partition, topic->partitions[partition.partition].next, topic->leader_epoch});
  }
  return self.append_note(EntryType::transaction_ended, ended.encode());
}

Result<Lsn> Stream::expire_producers(std::vector<int64_t> ids) {
  Impl& self = *impl_;
  TRY_STATUS(self.check_writable(false));
  std::erase_if(ids, [&](int64_t id) { return self.open_transaction(id).has_value(); });
  if (ids.size() > kProducersPerEntryMax) ids.resize(kProducersPerEntryMax);
  return self.append_note(EntryType::producers_expired, ProducersExpired{std::move(ids)}.encode());
}

}  // namespace distributary
