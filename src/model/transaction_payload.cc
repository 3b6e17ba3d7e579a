#include "model/transaction_payload.h"

#include <algorithm>

#include "model/payload_coding.h"
#include "model/record_batch_builder.h"

namespace distributary {
using namespace payload_coding;

namespace {

constexpr uint8_t kCommittedFlag = 1;
constexpr uint8_t kByServerFlag = 2;
constexpr size_t kPartitionBytesMin = 17;
constexpr size_t kMarkerBytesMin = 19;

void put_epoch(Encoder& out, int16_t epoch) { out.u16(static_cast<uint16_t>(epoch)); }

int16_t get_epoch(Decoder& in) {
  auto epoch = static_cast<int16_t>(in.u16());
  if (epoch < 0) in.fail();
  return epoch;
}

int64_t get_producer_id(Decoder& in) {
  int64_t id = in.i64();
  if (id < 0) in.fail();
  return id;
}

}  // namespace

std::vector<uint8_t> TransactionalIdRegistered::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.text(id);
  out.i64(producer_id);
  put_epoch(out, epoch);
  out.i64(previous_producer_id);
  put_epoch(out, previous_epoch);
  out.u32(timeout_ms);
  out.raw(bound.view());
  return bytes;
}

Result<TransactionalIdRegistered> TransactionalIdRegistered::decode(ByteView payload) {
  Decoder in(payload);
  TransactionalIdRegistered value;
  value.id = get_text(in, kTransactionalIdBytesMax);
  value.producer_id = get_producer_id(in);
  value.epoch = get_epoch(in);
  value.previous_producer_id = in.i64();
  value.previous_epoch = static_cast<int16_t>(in.u16());
  value.timeout_ms = in.u32();
  value.bound = get_uuid(in);
  if (!in.done() || value.id.empty()) return fail(malformed("transactional id registered"));
  return value;
}

std::vector<uint8_t> TransactionExtended::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.i64(producer_id);
  put_epoch(out, epoch);
  out.text(transactional_id);
  out.u32(timeout_ms);
  out.varint(partitions.size());
  for (const TopicPartition& partition : partitions) put_partition(out, partition);
  return bytes;
}

Result<TransactionExtended> TransactionExtended::decode(ByteView payload) {
  Decoder in(payload);
  TransactionExtended value;
  value.producer_id = get_producer_id(in);
  value.epoch = get_epoch(in);
  value.transactional_id = get_text(in, kTransactionalIdBytesMax);
  value.timeout_ms = in.u32();
  value.partitions.resize(get_count(in, kPartitionBytesMin, kTransactionPartitionsMax));
  for (TopicPartition& partition : value.partitions) partition = get_partition(in);
  if (!in.done()) return fail(malformed("transaction extended"));
  return value;
}

std::vector<uint8_t> TransactionPositions::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.i64(producer_id);
  put_epoch(out, epoch);
  out.text(group);
  out.varint(positions.size());
  for (const CursorCommit& position : positions) put_cursor(out, position);
  return bytes;
}

Result<TransactionPositions> TransactionPositions::decode(ByteView payload) {
  Decoder in(payload);
  TransactionPositions value;
  value.producer_id = get_producer_id(in);
  value.epoch = get_epoch(in);
  value.group = get_text(in, kGroupIdBytesMax);
  value.positions.resize(get_count(in, kCursorBytesMin, kCursorsPerEntryMax));
  for (CursorCommit& position : value.positions) position = get_cursor(in);
  if (!in.done()) return fail(malformed("transaction positions"));
  return value;
}

std::vector<uint8_t> TransactionEnded::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.i64(producer_id);
  put_epoch(out, epoch);
  put_epoch(out, next_epoch);
  out.u8(static_cast<uint8_t>((committed ? kCommittedFlag : 0) | (by_server ? kByServerFlag : 0)));
  out.varint(markers.size());
  for (const Marker& marker : markers) {
    put_partition(out, marker.partition);
    out.zigzag(marker.offset);
    out.zigzag(marker.leader_epoch);
  }
  return bytes;
}

Result<TransactionEnded> TransactionEnded::decode(ByteView payload) {
  Decoder in(payload);
  TransactionEnded value;
  value.producer_id = get_producer_id(in);
  value.epoch = get_epoch(in);
  value.next_epoch = get_epoch(in);
  uint8_t flags = in.u8();
  value.committed = (flags & kCommittedFlag) != 0;
  value.by_server = (flags & kByServerFlag) != 0;
  value.markers.resize(get_count(in, kMarkerBytesMin, kTransactionPartitionsMax));
  for (Marker& marker : value.markers) {
    marker.partition = get_partition(in);
    marker.offset = in.zigzag();
    marker.leader_epoch = static_cast<LeaderEpoch>(in.zigzag());
  }
  bool known_flags = (flags & ~(kCommittedFlag | kByServerFlag)) == 0;
  if (!in.done() || !known_flags || value.next_epoch < value.epoch) return fail(malformed("transaction ended"));
  return value;
}

const TransactionEnded::Marker* TransactionEnded::marker(const TopicPartition& partition) const {
  auto found = std::ranges::find(markers, partition, &Marker::partition);
  return found == markers.end() ? nullptr : &*found;
}

std::vector<uint8_t> control_batch_of(const TransactionEnded& ended, const TransactionEnded::Marker& marker,
                                      WallMillis appended) {
  return build_control_batch({.base_offset = marker.offset,
                              .leader_epoch = marker.leader_epoch,
                              .producer_id = ended.producer_id,
                              .producer_epoch = ended.epoch,
                              .coordinator_epoch = 0,
                              .committed = ended.committed,
                              .timestamp = appended});
}

}  // namespace distributary
