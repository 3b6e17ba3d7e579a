#include "model/record_batch_check.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "model/record_batch_builder.h"

namespace distributary {
namespace {

constexpr Codec kCodecs[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

RecordBatchBuilder three() {
  RecordBatchBuilder builder;
  builder.add({.key = "k", .value = "value", .timestamp = 50, .headers = {{"h", "x"}, {"n", std::nullopt}}});
  builder.add({.value = "", .timestamp = 70}).add({.key = "", .value = std::nullopt, .timestamp = 60});
  return builder;
}

void renew_crc(std::vector<uint8_t>& batch) { store_be(batch.data() + 17, crc32c(ByteView(batch).subspan(21))); }

// The header of a good batch with one field overwritten and the checksum made right again.
template <class T>
ErrorCode with_field(size_t at, T value) {
  std::vector<uint8_t> batch = three().build();
  store_be(batch.data() + at, value);
  renew_crc(batch);
  auto checked = check_produced_batch(batch, {});
  EXPECT_FALSE(checked);
  return checked ? ErrorCode::io : checked.error().code;
}

Result<RecordsSummary> deep(const std::vector<uint8_t>& batch, const BatchLimits& limits = {}) {
  Decompressor decompressor;
  TRY(RecordBatchView view, check_produced_batch(batch, limits));
  return check_records(view, limits, decompressor);
}

// A batch that claims `count` records and has these bytes in place of records.
std::vector<uint8_t> with_records(int32_t count, std::vector<uint8_t> records, Codec codec = Codec::none) {
  std::vector<uint8_t> packed = compress(codec, records).value();
  std::vector<uint8_t> batch = RecordBatchBuilder().codec(codec).add({}).build();
  batch.resize(kBatchHeaderBytes);
  batch.insert(batch.end(), packed.begin(), packed.end());
  store_be<int32_t>(batch.data() + 8, static_cast<int32_t>(batch.size() - kBatchLengthEnd));
  store_be<int32_t>(batch.data() + 23, count - 1);
  store_be<int32_t>(batch.data() + 57, count);
  renew_crc(batch);
  return batch;
}

TEST(CheckProducedBatch, TakesWhatClientsSend) {
  for (Codec codec : kCodecs) {
    EXPECT_TRUE(check_produced_batch(three().codec(codec).build(), {}));
    EXPECT_TRUE(check_produced_batch(three().codec(codec).producer(1, 0, 0).transactional().build(), {}));
  }
}

TEST(CheckProducedBatch, EveryFlippedBitUnderTheChecksumIsFound) {
  std::vector<uint8_t> batch = three().build();
  for (size_t bit = 21 * 8; bit < batch.size() * 8; ++bit) {
    batch[bit / 8] ^= 1 << (bit % 8);
    EXPECT_EQ(check_produced_batch(batch, {}).error().code, ErrorCode::corrupt) << bit;
    batch[bit / 8] ^= 1 << (bit % 8);
  }
  EXPECT_TRUE(check_produced_batch(batch, {}));
}

TEST(CheckProducedBatch, ExactlyOneBatch) {
  std::vector<uint8_t> batch = three().build();
  std::vector<uint8_t> two = batch;
  two.insert(two.end(), batch.begin(), batch.end());
  EXPECT_EQ(check_produced_batch(two, {}).error().code, ErrorCode::invalid_argument);
  two.resize(batch.size() + 1);
  EXPECT_EQ(check_produced_batch(two, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_produced_batch({}, {}).error().code, ErrorCode::corrupt);
}

TEST(CheckProducedBatch, HasALimitOfBytes) {
  std::vector<uint8_t> batch = three().build();
  EXPECT_TRUE(check_produced_batch(batch, {.batch_bytes = batch.size()}));
  EXPECT_EQ(check_produced_batch(batch, {.batch_bytes = batch.size() - 1}).error().code, ErrorCode::too_large);
}

TEST(CheckProducedBatch, RefusesHeadersThatNoClientMaySend) {
  EXPECT_EQ(with_field<int16_t>(21, kBatchControl), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int16_t>(21, kBatchDeleteHorizon), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int16_t>(21, kBatchLogAppendTime), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int16_t>(21, 0x80), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int16_t>(21, INT16_MIN), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int16_t>(21, 5), ErrorCode::unsupported);
  EXPECT_EQ(with_field<int16_t>(21, kBatchTransactional), ErrorCode::invalid_argument);  // without a producer id
  for (int32_t delta : {-1, 1, 3, INT32_MAX}) EXPECT_EQ(with_field<int32_t>(23, delta), ErrorCode::invalid_argument);
  for (int32_t count : {INT32_MIN, -1, 0, 2, 4}) EXPECT_EQ(with_field<int32_t>(57, count), ErrorCode::invalid_argument);
  EXPECT_EQ(with_field<int64_t>(43, 5), ErrorCode::invalid_argument);  // without epoch and sequence
  EXPECT_EQ(with_field<int64_t>(43, -2), ErrorCode::invalid_argument);
  EXPECT_EQ(check_produced_batch(three().producer(5, 0, -1).build(), {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_produced_batch(three().producer(5, -1, 0).build(), {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_produced_batch(with_records(1000000, {1, 2, 3}), {}).error().code, ErrorCode::invalid_argument);
}

TEST(CheckRecords, SumsUpEveryCodec) {
  for (Codec codec : kCodecs) {
    RecordsSummary summary = deep(three().codec(codec).build()).value();
    EXPECT_EQ(summary.max_timestamp, 70) << to_string(codec);
    EXPECT_EQ(summary.max_timestamp_delta, 1);
    EXPECT_EQ(summary.null_keys, 1);
    EXPECT_EQ(summary.bytes, three().build().size() - kBatchHeaderBytes);
  }
}

TEST(CheckRecords, NamesRecordsWithoutAKeyUpToALimit) {
  RecordBatchBuilder builder;
  for (size_t i = 0; i < 2 * kKeylessMax + 10; ++i) {
    if (i % 2 == 0) builder.add({.value = "v", .timestamp = 1});
    if (i % 2 == 1) builder.add({.key = "k", .value = "v", .timestamp = 1});
  }
  std::vector<uint8_t> bytes = builder.build();
  Decompressor decompressor;
  std::vector<int32_t> keyless;
  RecordsSummary summary = check_records(RecordBatchView::parse(bytes).value(), {}, decompressor, &keyless).value();
  EXPECT_EQ(summary.null_keys, static_cast<int32_t>(kKeylessMax) + 5);
  ASSERT_EQ(keyless.size(), kKeylessMax);
  EXPECT_EQ(keyless[0], 0);
  EXPECT_EQ(keyless[1], 2);
}

TEST(CheckRecords, WalksBatchesOfManyPieces) {
  RecordBatchBuilder builder;
  std::string value(999, 'v');
  for (int i = 0; i < 2000; ++i) builder.add({.key = "k", .value = value, .timestamp = i});
  for (Codec codec : kCodecs) {
    EXPECT_EQ(deep(builder.codec(codec).build()).value().max_timestamp, 1999) << to_string(codec);
  }
}

TEST(CheckRecords, EveryWrongByteOfARecordIsRefusedOrHarmless) {
  std::vector<uint8_t> good = three().build();
  for (size_t at = kBatchHeaderBytes; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::vector<uint8_t> batch = good;
      batch[at] = static_cast<uint8_t>(value);
      renew_crc(batch);
      auto checked = deep(batch);
      if (checked) {
        EXPECT_EQ(checked->bytes, good.size() - kBatchHeaderBytes);
      }
    }
  }
}

TEST(CheckRecords, RefusesMalformedRecords) {
  const std::vector<uint8_t> record = {12, 0, 0, 0, 1, 1, 0};
  std::vector<uint8_t> next = record;
  next[3] = 2;
  auto joined = [&](std::vector<uint8_t> more) {
    std::vector<uint8_t> all = record;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  for (Codec codec : kCodecs) {
    auto code = [&](int32_t count, const std::vector<uint8_t>& records) {
      auto checked = deep(with_records(count, records, codec));
      EXPECT_FALSE(checked) << to_string(codec);
      return checked ? ErrorCode::io : checked.error().code;
    };
    EXPECT_TRUE(deep(with_records(1, record, codec)));
    EXPECT_TRUE(deep(with_records(2, joined(next), codec)));
    EXPECT_EQ(code(2, joined(record)), ErrorCode::invalid_argument);       // the offset delta is 0 again
    EXPECT_EQ(code(1, joined(next)), ErrorCode::corrupt);                  // one more than claimed
    EXPECT_EQ(code(1, joined({0})), ErrorCode::corrupt);                   // a byte more
    EXPECT_EQ(code(1, {14, 0, 0, 0, 1, 1, 0}), ErrorCode::corrupt);        // longer than it is
    EXPECT_EQ(code(1, {1, 0, 0, 0, 1, 1, 0}), ErrorCode::corrupt);         // a negative length
    EXPECT_EQ(code(1, {12, 0, 0, 0, 3, 1, 0}), ErrorCode::corrupt);        // a key of length -2
    EXPECT_EQ(code(1, {12, 0, 0, 0, 1, 1, 1}), ErrorCode::corrupt);        // -1 headers
    EXPECT_EQ(code(1, {12, 0, 0, 0, 1, 1, 120}), ErrorCode::corrupt);      // 60 headers
    EXPECT_EQ(code(1, {16, 0, 0, 0, 1, 1, 2, 1, 1}), ErrorCode::corrupt);  // a header with a null key
    EXPECT_EQ(code(1, {12, 0, 0, 0, 254, 255, 255}), ErrorCode::corrupt);  // a varint without an end
  }
}

TEST(CheckRecords, RefusesATimeBeyondTheCalendar) {
  std::vector<uint8_t> batch = with_records(1, {12, 0, 2, 0, 1, 1, 0});
  store_be<int64_t>(batch.data() + 27, INT64_MAX);
  renew_crc(batch);
  EXPECT_EQ(deep(batch).error().code, ErrorCode::corrupt);
}

TEST(CheckRecords, DecompressionIsBounded) {
  std::string zeros(4 << 20, '\0');
  for (Codec codec : {Codec::gzip, Codec::lz4, Codec::zstd, Codec::snappy}) {
    std::vector<uint8_t> bomb = RecordBatchBuilder().codec(codec).add({.value = zeros}).build();
    EXPECT_TRUE(deep(bomb)) << to_string(codec);
    EXPECT_EQ(deep(bomb, {.decompressed_bytes = 1 << 20}).error().code, ErrorCode::too_large) << to_string(codec);
    BatchLimits ratio{.decompressed_free_bytes = 1 << 20, .decompressed_ratio = 10};
    EXPECT_EQ(deep(bomb, ratio).error().code, ErrorCode::too_large) << to_string(codec);
  }
}

TEST(BatchLimits, TheRatioCountsBeyondTheFreeBytes) {
  BatchLimits limits{.decompressed_bytes = 1000, .decompressed_free_bytes = 100, .decompressed_ratio = 10};
  EXPECT_EQ(limits.decompressed_bytes_for(1), 100u);
  EXPECT_EQ(limits.decompressed_bytes_for(50), 500u);
  EXPECT_EQ(limits.decompressed_bytes_for(500), 1000u);
}

}  // namespace
}  // namespace distributary
