#include "model/record_batch.h"

#include <gtest/gtest.h>

#include "model/record.h"
#include "model/record_batch_builder.h"

namespace distributary {
namespace {

constexpr size_t kBatchBytesMax = 1 << 20;

RecordBatchView view(const std::vector<uint8_t>& batch) { return RecordBatchView::parse(batch).value(); }

// One record "k" -> "v" at 1000 ms, written out by hand from the format.
const std::vector<uint8_t> kByHand = {
    0,   0,   0,   0,   0,   0,   0,   7,              // base offset
    0,   0,   0,   58,                                 // length: 49 + 9
    0,   0,   0,   3,                                  // leader epoch
    2,                                                 // magic
    0,   0,   0,   0,                                  // CRC, not looked at here
    0,   0,                                            // attributes
    0,   0,   0,   0,                                  // last offset delta
    0,   0,   0,   0,   0,   0,   3,   232,            // base timestamp
    0,   0,   0,   0,   0,   0,   3,   232,            // max timestamp
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  // producer id and epoch
    255, 255, 255, 255,                                // base sequence
    0,   0,   0,   1,                                  // records
    16,  0,   0,   0,   2,   'k', 2,   'v', 0,         // length 8, attributes, deltas, key, value, no headers
};

TEST(RecordBatchView, ReadsTheFormatByHand) {
  RecordBatchView batch = view(kByHand);
  EXPECT_EQ(batch.base_offset(), 7);
  EXPECT_EQ(batch.last_offset(), 7);
  EXPECT_EQ(batch.next_offset(), 8);
  EXPECT_EQ(batch.leader_epoch(), 3);
  EXPECT_EQ(batch.base_timestamp(), 1000);
  EXPECT_EQ(batch.record_count(), 1);
  EXPECT_FALSE(batch.has_producer_id());
  EXPECT_EQ(batch.last_sequence(), -1);
  RecordReader reader = RecordReader::open(batch, kBatchBytesMax).value();
  Record record = read_records(reader).value().at(0);
  EXPECT_EQ(as_text(*record.key), "k");
  EXPECT_EQ(as_text(*record.value), "v");
  EXPECT_EQ(record.offset, 7);
  EXPECT_EQ(record.timestamp, 1000);
}

TEST(RecordBatchView, TheBuilderWritesTheSameBytes) {
  std::vector<uint8_t> built = RecordBatchBuilder().base_offset(7).leader_epoch(3).add({"k", "v", 1000, {}}).build();
  EXPECT_EQ(view(built).crc(), view(built).computed_crc());
  std::fill(built.begin() + 17, built.begin() + 21, 0);
  EXPECT_EQ(built, kByHand);
}

TEST(RecordBatchView, StopsAtItsOwnEnd) {
  std::vector<uint8_t> two = kByHand;
  two.insert(two.end(), kByHand.begin(), kByHand.end());
  EXPECT_EQ(view(two).size(), kByHand.size());
}

TEST(RecordBatchView, RefusesWhatItCannotRead) {
  for (size_t size = 0; size < kByHand.size(); ++size) {
    EXPECT_EQ(RecordBatchView::parse(ByteView(kByHand).first(size)).error().code, ErrorCode::corrupt) << size;
  }
  std::vector<uint8_t> old = kByHand;
  old[16] = 1;
  EXPECT_EQ(RecordBatchView::parse(old).error().code, ErrorCode::unsupported);
  for (int32_t length : {-1, 0, 48, INT32_MIN, INT32_MAX}) {
    std::vector<uint8_t> bad = kByHand;
    store_be(bad.data() + 8, length);
    EXPECT_EQ(RecordBatchView::parse(bad).error().code, ErrorCode::corrupt) << length;
  }
}

TEST(RecordBatchPatch, OffsetAndEpochLeaveTheChecksumAlone) {
  std::vector<uint8_t> batch = RecordBatchBuilder().add({"k", "v"}).build();
  set_base_offset(batch, 123456789012);
  set_leader_epoch(batch, 42);
  EXPECT_EQ(view(batch).base_offset(), 123456789012);
  EXPECT_EQ(view(batch).leader_epoch(), 42);
  EXPECT_EQ(view(batch).crc(), view(batch).computed_crc());
}

TEST(RecordBatchPatch, LogAppendTimeBecomesEveryRecordsTime) {
  std::vector<uint8_t> batch = RecordBatchBuilder().add({"a", "1", 5}).add({"b", "2", 9}).build();
  set_log_append_time(batch, 777);
  EXPECT_EQ(view(batch).timestamp_type(), TimestampType::log_append_time);
  EXPECT_EQ(view(batch).crc(), view(batch).computed_crc());
  RecordReader reader = RecordReader::open(view(batch), kBatchBytesMax).value();
  std::vector<Record> records = read_records(reader).value();
  ASSERT_EQ(records.size(), 2u);
  for (const Record& record : records) EXPECT_EQ(record.timestamp, 777);
}

TEST(RecordBatchPatch, MaxTimestampRenewsTheChecksumOnlyWhenItDiffers) {
  std::vector<uint8_t> batch = RecordBatchBuilder().add({"a", "1", 5}).build();
  std::vector<uint8_t> before = batch;
  set_max_timestamp(batch, 5);
  EXPECT_EQ(batch, before);
  set_max_timestamp(batch, 6);
  EXPECT_EQ(view(batch).max_timestamp(), 6);
  EXPECT_EQ(view(batch).crc(), view(batch).computed_crc());
}

TEST(RecordBatch, SequencesWrap) {
  EXPECT_EQ(sequence_after(5, 3), 8);
  EXPECT_EQ(sequence_after(INT32_MAX, 1), 0);
  EXPECT_EQ(sequence_after(INT32_MAX - 1, 3), 1);
  std::vector<uint8_t> batch = RecordBatchBuilder().producer(9, 1, INT32_MAX).add({}).add({}).build();
  EXPECT_EQ(view(batch).last_sequence(), 0);
}

TEST(RecordReader, GivesBackEverythingWithEveryCodec) {
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    std::vector<uint8_t> bytes =
        RecordBatchBuilder()
            .base_offset(100)
            .codec(codec)
            .add({.key = "k", .value = "v", .timestamp = 50, .headers = {{"h", "x"}, {"n", std::nullopt}}})
            .add({.key = std::nullopt, .value = "", .timestamp = 40})
            .add({.key = "", .value = std::nullopt, .timestamp = 60})
            .build();
    EXPECT_EQ(view(bytes).codec(), codec);
    EXPECT_EQ(view(bytes).max_timestamp(), 60);
    RecordReader reader = RecordReader::open(view(bytes), kBatchBytesMax).value();
    std::vector<Record> records = read_records(reader).value();
    ASSERT_EQ(records.size(), 3u) << to_string(codec);
    EXPECT_EQ(as_text(*records[0].value), "v");
    ASSERT_EQ(records[0].headers.size(), 2u);
    EXPECT_EQ(as_text(records[0].headers[0].key), "h");
    EXPECT_EQ(as_text(*records[0].headers[0].value), "x");
    EXPECT_FALSE(records[0].headers[1].value);
    EXPECT_FALSE(records[1].key);
    EXPECT_TRUE(records[1].value && records[1].value->empty());
    EXPECT_FALSE(records[2].value);
    EXPECT_EQ(records[1].timestamp, 40);
    EXPECT_EQ(records[2].offset, 102);
  }
}

TEST(RecordReader, AllowsTheGapsThatCompactionLeaves) {
  std::vector<uint8_t> bytes =
      RecordBatchBuilder().base_offset(10).skip(2).add({"a", "1"}).skip(4).add({"b", "2"}).skip(1).build();
  EXPECT_EQ(view(bytes).last_offset(), 18);
  RecordReader reader = RecordReader::open(view(bytes), kBatchBytesMax).value();
  std::vector<Record> records = read_records(reader).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].offset, 12);
  EXPECT_EQ(records[1].offset, 17);
  std::vector<uint8_t> empty = RecordBatchBuilder().codec(Codec::zstd).skip(3).build();
  empty.resize(kBatchHeaderBytes);
  store_be<int32_t>(empty.data() + 8, kBatchHeaderBytes - kBatchLengthEnd);
  RecordReader none = RecordReader::open(view(empty), kBatchBytesMax).value();
  EXPECT_TRUE(read_records(none).value().empty());
}

TEST(ControlBatch, SaysWhoseTransactionEndedAndHow) {
  for (bool committed : {true, false}) {
    std::vector<uint8_t> bytes = build_control_batch({.base_offset = 5,
                                                      .leader_epoch = 2,
                                                      .producer_id = 77,
                                                      .producer_epoch = 3,
                                                      .coordinator_epoch = 4,
                                                      .committed = committed,
                                                      .timestamp = 99});
    EXPECT_EQ(view(bytes).crc(), view(bytes).computed_crc());
    EXPECT_TRUE(view(bytes).control() && view(bytes).transactional());
    EXPECT_EQ(view(bytes).base_sequence(), -1);
    TransactionEnd end = parse_control_batch(view(bytes)).value();
    EXPECT_EQ(end.committed, committed);
    EXPECT_EQ(end.producer_id, 77);
    EXPECT_EQ(end.producer_epoch, 3);
    EXPECT_EQ(end.coordinator_epoch, 4);
    EXPECT_EQ(end.timestamp, 99);
  }
  std::vector<uint8_t> data = RecordBatchBuilder().add({"k", "v"}).build();
  EXPECT_EQ(parse_control_batch(view(data)).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace distributary
