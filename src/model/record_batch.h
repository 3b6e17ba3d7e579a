// A record batch v2 (magic 2), the unit in which Kafka clients send and receive records and the payload of our data
// entries. Stored as it came: only the fields below "patches" are ever changed, in place and before it is stored.
//
//   0 baseOffset i64 | 8 batchLength i32 | 12 leaderEpoch i32 | 16 magic i8 | 17 crc u32 | 21 attributes i16 |
//   23 lastOffsetDelta i32 | 27 baseTimestamp i64 | 35 maxTimestamp i64 | 43 producerId i64 | 51 producerEpoch i16 |
//   53 baseSequence i32 | 57 recordCount i32 | 61 records (compressed as one region)
//
// Big-endian. The CRC-32C covers attributes to the end, so base offset and leader epoch are outside it.
// Values only; callable from any thread. Timestamps are milliseconds since 1970 UTC, -1 for none.
#pragma once

#include <cstdint>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "model/compression.h"

namespace distributary {

inline constexpr size_t kBatchHeaderBytes = 61;
inline constexpr size_t kBatchLengthEnd = 12;  // batchLength counts what comes after here
inline constexpr int8_t kBatchMagic = 2;
inline constexpr int64_t kNoProducerId = -1;

enum class TimestampType : uint8_t { create_time = 0, log_append_time = 1 };

// Bits of the attributes.
inline constexpr int16_t kBatchCodecMask = 0x07;
inline constexpr int16_t kBatchLogAppendTime = 0x08;
inline constexpr int16_t kBatchTransactional = 0x10;
inline constexpr int16_t kBatchControl = 0x20;
inline constexpr int16_t kBatchDeleteHorizon = 0x40;  // base timestamp then holds the horizon

// A view of exactly one batch. Made by `parse`, which checks only what the accessors need: the header is there, the
// magic is 2 and the length is within the bytes. Whether the content is right: record_batch_check.h.
class RecordBatchView {
 public:
  // The batch at the start of `bytes`; more may follow it. Errors: corrupt (cut short, impossible length),
  // unsupported (another magic).
  static Result<RecordBatchView> parse(ByteView bytes);

  ByteView bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  ByteView records() const { return bytes_.subspan(kBatchHeaderBytes); }  // compressed if codec() is not none

  int64_t base_offset() const { return at<int64_t>(0); }
  int32_t batch_length() const { return at<int32_t>(8); }
  int32_t leader_epoch() const { return at<int32_t>(12); }
  int8_t magic() const { return at<int8_t>(16); }
  uint32_t crc() const { return at<uint32_t>(17); }
  int16_t attributes() const { return at<int16_t>(21); }
  int32_t last_offset_delta() const { return at<int32_t>(23); }
  WallMillis base_timestamp() const { return at<int64_t>(27); }
  WallMillis max_timestamp() const { return at<int64_t>(35); }
  int64_t producer_id() const { return at<int64_t>(43); }
  int16_t producer_epoch() const { return at<int16_t>(51); }
  int32_t base_sequence() const { return at<int32_t>(53); }
  int32_t record_count() const { return at<int32_t>(57); }

  int64_t last_offset() const { return base_offset() + last_offset_delta(); }
  int64_t next_offset() const { return last_offset() + 1; }
  int32_t last_sequence() const;  // wraps from 2^31 - 1 to 0; -1 without a sequence
  bool has_producer_id() const { return producer_id() != kNoProducerId; }
  // The codec's bits as they stand: 5 to 7 are no codec. Checked batches have 0 to 4.
  uint8_t codec_bits() const { return static_cast<uint8_t>(attributes() & kBatchCodecMask); }
  Codec codec() const { return static_cast<Codec>(codec_bits()); }
  bool compressed() const { return codec_bits() != 0; }
  TimestampType timestamp_type() const {
    return has(kBatchLogAppendTime) ? TimestampType::log_append_time : TimestampType::create_time;
  }
  bool transactional() const { return has(kBatchTransactional); }
  bool control() const { return has(kBatchControl); }

  // Over attributes to the end; equal to crc() in an undamaged batch.
  uint32_t computed_crc() const;

 private:
  explicit RecordBatchView(ByteView bytes) : bytes_(bytes) {}
  bool has(int16_t bit) const { return (attributes() & bit) != 0; }
  template <class T>
  T at(size_t offset) const {
    return load_be<T>(bytes_.data() + offset);
  }

  ByteView bytes_;
};

// Sequence arithmetic of idempotent producers: the one `delta` after `sequence`, wrapping from 2^31 - 1 to 0.
int32_t sequence_after(int32_t sequence, int32_t delta);

// Patches. `batch` holds one whole batch that parse() accepted.
void set_base_offset(MutableBytes batch, int64_t offset);         // not in the CRC
void set_leader_epoch(MutableBytes batch, int32_t leader_epoch);  // not in the CRC
// The server's time for all records: sets the timestamp type and the maximum, and renews the CRC.
void set_log_append_time(MutableBytes batch, WallMillis now);
// For a producer that named a wrong maximum; renews the CRC. Nothing happens if it is right already.
void set_max_timestamp(MutableBytes batch, WallMillis max_timestamp);

}  // namespace distributary
