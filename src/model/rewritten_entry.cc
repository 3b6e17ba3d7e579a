#include "model/rewritten_entry.h"

#include <fmt/core.h>

#include <map>

#include "base/coding_pieces.h"

namespace distributary {
namespace {

constexpr uint8_t kTrimmed = 1;

}  // namespace

std::vector<uint8_t> Skipped::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u64(chain_after.low);
  out.u64(chain_after.high);
  out.u64(count);
  out.u64(history_bytes);
  out.u64(history_records);
  out.varint(partitions.size());
  std::map<TopicPartition, size_t> places;
  for (const SkippedPartition& item : partitions) {
    places.emplace(item.partition, places.size());
    out.raw(item.partition.topic.view());
    out.varint(item.partition.partition);
    out.varint(static_cast<uint64_t>(item.first));
    out.varint(static_cast<uint64_t>(item.next - item.first));
    out.u8(item.trimmed ? kTrimmed : 0);
  }
  out.varint(batches.size());
  for (const SkippedBatch& batch : batches) {
    out.varint(places.at(batch.partition));
    out.zigzag(batch.producer_id);
    out.zigzag(batch.producer_epoch);
    out.zigzag(batch.first_sequence);
    out.zigzag(batch.last_sequence);
    out.varint(static_cast<uint64_t>(batch.base_offset));
    out.zigzag(batch.appended);
  }
  return bytes;
}

Result<Skipped> Skipped::decode(ByteView payload) {
  Decoder in(payload);
  Skipped skipped;
  skipped.chain_after.low = in.u64();
  skipped.chain_after.high = in.u64();
  skipped.count = in.u64();
  skipped.history_bytes = in.u64();
  skipped.history_records = in.u64();
  uint64_t partitions = in.varint();
  if (partitions > kSkippedPartitionsMax || skipped.count == 0 || skipped.count > kSkippedLsnsMax) in.fail();
  for (uint64_t i = 0; i < partitions && in.ok(); ++i) {
    SkippedPartition item;
    item.partition.topic = get_uuid(in);
    item.partition.partition = static_cast<PartitionIndex>(in.varint());
    item.first = static_cast<Offset>(in.varint());
    uint64_t offsets = in.varint();
    uint8_t flags = in.u8();
    bool fits = item.first >= 0 && offsets > 0 && offsets <= static_cast<uint64_t>(INT64_MAX - item.first);
    if (!fits || flags > kTrimmed) in.fail();
    if (!in.ok()) break;
    item.next = item.first + static_cast<Offset>(offsets);
    item.trimmed = flags == kTrimmed;
    skipped.partitions.push_back(item);
  }
  uint64_t batches = in.varint();
  if (batches > kSkippedBatchesMax) in.fail();
  for (uint64_t i = 0; i < batches && in.ok(); ++i) {
    SkippedBatch batch;
    uint64_t place = in.varint();
    if (place >= skipped.partitions.size()) in.fail();
    if (!in.ok()) break;
    batch.partition = skipped.partitions[place].partition;
    batch.producer_id = in.zigzag();
    batch.producer_epoch = static_cast<int16_t>(in.zigzag());
    batch.first_sequence = static_cast<int32_t>(in.zigzag());
    batch.last_sequence = static_cast<int32_t>(in.zigzag());
    batch.base_offset = static_cast<Offset>(in.varint());
    batch.appended = in.zigzag();
    if (batch.producer_id < 0) in.fail();
    skipped.batches.push_back(batch);
  }
  if (!in.done()) return fail(ErrorCode::corrupt, "payload of 'skipped' is malformed");
  return skipped;
}

std::vector<uint8_t> encode_compacted(uint32_t original_checksum, uint32_t original_bytes, ByteView batch) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u32(original_checksum);
  out.u32(original_bytes);
  out.raw(batch);
  return bytes;
}

}  // namespace distributary
