#include "model/record_batch_check.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/record_source.h"

namespace distributary {
namespace {

constexpr int16_t kKnownAttributes =
    kBatchCodecMask | kBatchLogAppendTime | kBatchTransactional | kBatchControl | kBatchDeleteHorizon;

tl::unexpected<Error> refused(std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); }

Status check_attributes(const RecordBatchView& batch) {
  int16_t attributes = batch.attributes();
  if (batch.codec_bits() > static_cast<uint8_t>(Codec::zstd)) {
    return fail(ErrorCode::unsupported,
                fmt::format("the record batch has the unknown compression codec {}", batch.codec_bits()));
  }
  if ((attributes & ~kKnownAttributes) != 0)
    return refused(
        fmt::format("the record batch has reserved attribute bits: {:#06x}", static_cast<uint16_t>(attributes)));
  if (batch.control()) return refused("a client may not send a control batch");
  if ((attributes & kBatchDeleteHorizon) != 0) return refused("a client may not set a delete horizon");
  if (batch.timestamp_type() != TimestampType::create_time) {
    return refused("a client may not set the timestamp type log-append-time; the server does");
  }
  return {};
}

Status check_count(const RecordBatchView& batch) {
  int32_t count = batch.record_count();
  if (count < 1) return refused(fmt::format("the record batch has {} records; at least one is needed", count));
  if (batch.last_offset_delta() != count - 1) {
    return refused(fmt::format("the record batch has {} records, but its last offset delta is {}", count,
                               batch.last_offset_delta()));
  }
  if (!batch.compressed() && static_cast<size_t>(count) > batch.records().size() / kRecordBytesMin) {
    return refused(fmt::format("{} records cannot fit into {} bytes", count, batch.records().size()));
  }
  return {};
}

Status check_producer(const RecordBatchView& batch) {
  if (batch.producer_id() < kNoProducerId)
    return refused(fmt::format("the producer id {} is negative", batch.producer_id()));
  if (batch.has_producer_id()) {
    if (batch.producer_epoch() >= 0 && batch.base_sequence() >= 0) return {};
    return refused(fmt::format("producer {} must state an epoch and a sequence; it sent {} and {}", batch.producer_id(),
                               batch.producer_epoch(), batch.base_sequence()));
  }
  if (batch.transactional()) return refused("a transactional record batch needs a producer id");
  return {};
}

// One pass over the records of one batch.
class RecordWalk {
 public:
  RecordWalk(const RecordBatchView& batch, RecordSource source, std::vector<int32_t>* keyless)
      : batch_(batch), source_(std::move(source)), keyless_(keyless) {}

  Result<RecordsSummary> run() {
    for (int32_t index = 0; index < batch_.record_count(); ++index) {
      TRY_STATUS(record(index));
    }
    if (!source_.at_end()) {
      if (!source_.ok()) return ended(batch_.record_count());
      return fail(ErrorCode::corrupt,
                  fmt::format("bytes are left over after the last of {} records", batch_.record_count()));
    }
    summary_.bytes = source_.position();
    return summary_;
  }

 private:
  Status record(int32_t index) {
    int64_t length = source_.varint();
    uint64_t begin = source_.position();
    if (!source_.ok() || length < static_cast<int64_t>(kRecordBytesMin) - 1) return ended(index);
    source_.byte();  // attributes: unused in this version
    int64_t timestamp_delta = source_.varlong();
    int32_t offset_delta = source_.varint();
    if (!field(-1)) note_keyless(index);
    field(-1);
    headers(static_cast<uint64_t>(length));
    note_timestamp(index, timestamp_delta);
    if (!source_.ok() || bad_) return ended(index);
    if (source_.position() - begin != static_cast<uint64_t>(length)) {
      return fail(ErrorCode::corrupt, fmt::format("record {} of the batch fills {} bytes, but claims {}", index,
                                                  source_.position() - begin, length));
    }
    if (offset_delta != index) {
      return refused(fmt::format("record {} of the batch has the offset delta {}; deltas must run from 0 without gaps",
                                 index, offset_delta));
    }
    return {};
  }

  // A length and so many bytes. False if it is null.
  bool field(int32_t length_min) {
    int32_t length = source_.varint();
    if (length < length_min) bad_ = true;
    if (length > 0) source_.skip(static_cast<uint64_t>(length));
    return length >= 0;
  }

  void headers(uint64_t record_length) {
    int32_t count = source_.varint();
    // A header has two bytes at least, which bounds the loop before any of them is read.
    if (count < 0 || static_cast<uint64_t>(count) > record_length / 2) bad_ = true;
    for (int32_t i = 0; i < count && !bad_ && source_.ok(); ++i) {
      field(0);
      field(-1);
    }
  }

  void note_keyless(int32_t index) {
    ++summary_.null_keys;
    if (keyless_ != nullptr && keyless_->size() < kKeylessMax) keyless_->push_back(index);
  }

  void note_timestamp(int32_t index, int64_t delta) {
    WallMillis timestamp = 0;
    if (__builtin_add_overflow(batch_.base_timestamp(), delta, &timestamp)) bad_ = true;
    if (index > 0 && timestamp <= summary_.max_timestamp) return;
    summary_.max_timestamp = timestamp;
    summary_.max_timestamp_delta = index;
  }

  tl::unexpected<Error> ended(int32_t index) const {
    if (source_.error()) return fail(*source_.error());
    return fail(ErrorCode::corrupt,
                fmt::format("record {} of {} in the batch is malformed or cut short", index, batch_.record_count()));
  }

  const RecordBatchView& batch_;
  RecordSource source_;
  std::vector<int32_t>* keyless_;
  RecordsSummary summary_;
  bool bad_ = false;
};

}  // namespace

size_t BatchLimits::decompressed_bytes_for(size_t compressed) const {
  return std::min(decompressed_bytes, std::max(decompressed_free_bytes, compressed * decompressed_ratio));
}

Result<RecordBatchView> check_produced_batch(ByteView bytes, const BatchLimits& limits) {
  if (bytes.size() > limits.batch_bytes) {
    return fail(ErrorCode::too_large,
                fmt::format("the record batch has {} bytes; at most {} are allowed", bytes.size(), limits.batch_bytes));
  }
  TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
  if (batch.size() != bytes.size()) {
    return refused(fmt::format("a partition takes exactly one record batch; {} bytes follow the first",
                               bytes.size() - batch.size()));
  }
  if (batch.crc() != batch.computed_crc()) {
    return fail(ErrorCode::corrupt,
                fmt::format("the record batch has the checksum {:08x}, but its content gives {:08x}", batch.crc(),
                            batch.computed_crc()));
  }
  TRY_STATUS(check_attributes(batch));
  TRY_STATUS(check_count(batch));
  TRY_STATUS(check_producer(batch));
  return batch;
}

Result<RecordsSummary> check_records(const RecordBatchView& batch, const BatchLimits& limits,
                                     Decompressor& decompressor, std::vector<int32_t>* keyless) {
  if (!batch.compressed()) return RecordWalk(batch, RecordSource(batch.records()), keyless).run();
  size_t limit = limits.decompressed_bytes_for(batch.size());
  TRY_STATUS(decompressor.start(batch.codec(), batch.records(), limit));
  return RecordWalk(batch, RecordSource(decompressor), keyless).run();
}

}  // namespace distributary
