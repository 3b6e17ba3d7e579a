#include "model/record_batch_builder.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "model/record.h"

namespace distributary {
namespace {

void put_field(Encoder& out, std::optional<std::string_view> field) {
  out.zigzag(field ? static_cast<int64_t>(field->size()) : -1);
  if (field) out.raw(as_bytes(*field));
}

}  // namespace

RecordBatchBuilder& RecordBatchBuilder::base_offset(int64_t offset) {
  base_offset_ = offset;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::leader_epoch(int32_t epoch) {
  leader_epoch_ = epoch;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::codec(Codec codec) {
  attributes_ = static_cast<int16_t>((attributes_ & ~kBatchCodecMask) | static_cast<int16_t>(codec));
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::producer(int64_t id, int16_t epoch, int32_t base_sequence) {
  producer_id_ = id;
  producer_epoch_ = epoch;
  base_sequence_ = base_sequence;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::transactional() {
  attributes_ |= kBatchTransactional;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::log_append_time(WallMillis now) {
  append_time_ = now;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::add(const NewRecord& record) {
  if (count_ == 0) base_timestamp_ = max_timestamp_ = record.timestamp;
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  std::vector<uint8_t> body;
  Encoder out(body);
  out.u8(0);
  out.zigzag(record.timestamp - base_timestamp_);
  out.zigzag(next_delta_);
  put_field(out, record.key);
  put_field(out, record.value);
  out.zigzag(static_cast<int64_t>(record.headers.size()));
  for (const auto& [key, value] : record.headers) {
    put_field(out, key);
    put_field(out, value);
  }
  Encoder all(records_);
  all.zigzag(static_cast<int64_t>(body.size()));
  all.raw(body);
  ++count_;
  ++next_delta_;
  return *this;
}

RecordBatchBuilder& RecordBatchBuilder::skip(int32_t count) {
  next_delta_ += count;
  return *this;
}

std::vector<uint8_t> RecordBatchBuilder::build() const {
  Codec codec = static_cast<Codec>(attributes_ & kBatchCodecMask);
  Result<std::vector<uint8_t>> packed = compress(codec, records_);
  CHECK(packed);  // compression of memory fails for want of memory only
  std::vector<uint8_t> batch(kBatchHeaderBytes);
  batch.insert(batch.end(), packed->begin(), packed->end());
  put_header(batch.data(), batch.size());
  if (append_time_) set_log_append_time(batch, *append_time_);
  return batch;
}

void RecordBatchBuilder::put_header(uint8_t* out, size_t batch_bytes) const {
  store_be<int64_t>(out, base_offset_);
  store_be<int32_t>(out + 8, static_cast<int32_t>(batch_bytes - kBatchLengthEnd));
  store_be<int32_t>(out + 12, leader_epoch_);
  store_be<int8_t>(out + 16, kBatchMagic);
  store_be<int16_t>(out + 21, attributes_);
  store_be<int32_t>(out + 23, next_delta_ - 1);
  store_be<int64_t>(out + 27, base_timestamp_);
  store_be<int64_t>(out + 35, max_timestamp_);
  store_be<int64_t>(out + 43, producer_id_);
  store_be<int16_t>(out + 51, producer_epoch_);
  store_be<int32_t>(out + 53, base_sequence_);
  store_be<int32_t>(out + 57, count_);
  store_be<uint32_t>(out + 17, crc32c(ByteView(out + 21, batch_bytes - 21)));
}

std::vector<uint8_t> build_control_batch(const TransactionEnd& end) {
  // Key: version and type (0 abort, 1 commit). Value: version and coordinator epoch.
  uint8_t key[4] = {};
  uint8_t value[6] = {};
  store_be<int16_t>(key + 2, end.committed ? 1 : 0);
  store_be<int32_t>(value + 2, end.coordinator_epoch);
  RecordBatchBuilder builder;
  builder.base_offset(end.base_offset).leader_epoch(end.leader_epoch).producer(end.producer_id, end.producer_epoch, -1);
  builder.add({.key = as_text(key), .value = as_text(value), .timestamp = end.timestamp});
  std::vector<uint8_t> batch = builder.transactional().build();
  int16_t attributes = load_be<int16_t>(batch.data() + 21);
  store_be<int16_t>(batch.data() + 21, static_cast<int16_t>(attributes | kBatchControl));
  store_be<uint32_t>(batch.data() + 17, crc32c(ByteView(batch).subspan(21)));
  return batch;
}

Result<TransactionEnd> parse_control_batch(const RecordBatchView& batch) {
  auto bad = [] { return fail(ErrorCode::corrupt, "the batch is no end of a transaction"); };
  if (!batch.control() || batch.record_count() != 1) return bad();
  TRY(RecordReader reader, RecordReader::open(batch, batch.size()));
  TRY(std::optional<Record> record, reader.next());
  if (!record || !record->key || !record->value) return bad();
  if (record->key->size() < 4 || record->value->size() < 6) return bad();
  int16_t type = load_be<int16_t>(record->key->data() + 2);
  if (type != 0 && type != 1) return bad();
  return TransactionEnd{.base_offset = batch.base_offset(),
                        .leader_epoch = batch.leader_epoch(),
                        .producer_id = batch.producer_id(),
                        .producer_epoch = batch.producer_epoch(),
                        .coordinator_epoch = load_be<int32_t>(record->value->data() + 2),
                        .committed = type == 1,
                        .timestamp = batch.max_timestamp()};
}

}  // namespace distributary
