#include "model/batch_filter.h"

#include <gtest/gtest.h>

#include "model/ids.h"
#include "model/record_batch_builder.h"

namespace distributary {
namespace {

std::vector<std::string> values(ByteView bytes, std::vector<WallMillis>& times, std::vector<Offset>& offsets) {
  auto batch = RecordBatchView::parse(bytes);
  EXPECT_TRUE(batch);
  EXPECT_EQ(batch->crc(), batch->computed_crc());
  EXPECT_EQ(batch->size(), bytes.size());
  auto reader = RecordReader::open(*batch, 1 << 20);
  std::vector<std::string> out;
  for (auto record = reader->next();; record = reader->next()) {
    EXPECT_TRUE(record) << record.error().message;
    if (!record || !*record) return out;
    out.push_back((*record)->value ? std::string(as_text(*(*record)->value)) : "-");
    times.push_back((*record)->timestamp);
    offsets.push_back((*record)->offset);
  }
}

TEST(BatchFilter, KeepsOffsetsTimesAndProducerInEveryCodec) {
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    RecordBatchBuilder builder;
    builder.base_offset(100).leader_epoch(3).codec(codec).producer(7, 1, 40);
    for (int i = 0; i < 5; ++i) {
      std::string value = "value " + std::to_string(i);
      builder.add({.key = "k", .value = value, .timestamp = 5000 - i * 1000, .headers = {{"h", "x"}}});
    }
    std::vector<uint8_t> original = builder.build();
    auto batch = RecordBatchView::parse(original);
    auto reader = RecordReader::open(*batch, 1 << 20);
    auto filtered = filter_batch(*batch, *reader, {false, true, false, true, false}, std::nullopt);
    ASSERT_TRUE(filtered) << filtered.error().message;
    std::vector<WallMillis> times;
    std::vector<Offset> offsets;
    EXPECT_EQ(values(*filtered, times, offsets), (std::vector<std::string>{"value 1", "value 3"}));
    EXPECT_EQ(times, (std::vector<WallMillis>{4000, 2000}));
    EXPECT_EQ(offsets, (std::vector<Offset>{101, 103}));
    auto after = RecordBatchView::parse(*filtered);
    EXPECT_EQ(after->base_offset(), 100);
    EXPECT_EQ(after->last_offset_delta(), 4);
    EXPECT_EQ(after->producer_id(), 7);
    EXPECT_EQ(after->last_sequence(), 44);
    EXPECT_EQ(after->max_timestamp(), 4000);
    EXPECT_EQ(after->leader_epoch(), 3);
    EXPECT_FALSE(delete_horizon(*after));
  }
}

TEST(BatchFilter, AHorizonIsSetWithoutChangingTimes) {
  RecordBatchBuilder builder;
  builder.add({.key = "a", .value = std::nullopt, .timestamp = 5000});
  builder.add({.key = "b", .value = "v", .timestamp = 6000});
  std::vector<uint8_t> original = builder.build();
  auto batch = RecordBatchView::parse(original);
  auto reader = RecordReader::open(*batch, 1 << 20);
  auto filtered = filter_batch(*batch, *reader, {true, true}, 1'000'000'000);
  ASSERT_TRUE(filtered);
  auto after = RecordBatchView::parse(*filtered);
  EXPECT_EQ(delete_horizon(*after), std::optional<WallMillis>(1'000'000'000));
  std::vector<WallMillis> times;
  std::vector<Offset> offsets;
  EXPECT_EQ(values(*filtered, times, offsets), (std::vector<std::string>{"-", "v"}));
  EXPECT_EQ(times, (std::vector<WallMillis>{5000, 6000}));
  // And once more: the horizon stays, the rest goes.
  auto again = RecordReader::open(*after, 1 << 20);
  auto twice = filter_batch(*after, *again, {true, false}, std::nullopt);
  ASSERT_TRUE(twice);
  EXPECT_EQ(delete_horizon(*RecordBatchView::parse(*twice)), std::optional<WallMillis>(1'000'000'000));
  times.clear();
  EXPECT_EQ(values(*twice, times, offsets), std::vector<std::string>{"-"});
  EXPECT_EQ(times, std::vector<WallMillis>{5000});
}

TEST(BatchFilter, ATimestampThatIsTooFarFromTheHorizonIsRefused) {
  RecordBatchBuilder builder;
  builder.add({.key = "a", .value = std::nullopt, .timestamp = INT64_MIN});
  std::vector<uint8_t> original = builder.build();
  auto batch = RecordBatchView::parse(original);
  auto reader = RecordReader::open(*batch, 1 << 20);
  auto filtered = filter_batch(*batch, *reader, {true}, 1'000'000'000);
  ASSERT_FALSE(filtered);
  EXPECT_EQ(filtered.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace distributary
