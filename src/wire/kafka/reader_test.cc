#include "wire/kafka/reader.h"

#include <gtest/gtest.h>

namespace distributary::kafka {
namespace {

Reader flexible(ByteView in) {
  Reader reader(in);
  reader.set_flexible(true);
  return reader;
}

TEST(KafkaReader, IntegersAreBigEndian) {
  const uint8_t in[] = {0xfe, 0x01, 0x02, 0x80, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
  Reader reader(in);
  EXPECT_EQ(reader.i8(), -2);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.i32(), INT32_MIN + 1);
  EXPECT_EQ(reader.i64(), -2);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(KafkaReader, FirstBadReadStaysBad) {
  const uint8_t in[] = {0, 0, 7};
  Reader reader(in);
  EXPECT_EQ(reader.i32(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.i8(), 0);
  Status status = reader.status("X");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, distributary::ErrorCode::corrupt);
  EXPECT_EQ(status.error().message, "X ends in the middle of a field");
}

TEST(KafkaReader, VarintHasAtMost32Bits) {
  const uint8_t largest[] = {0xff, 0xff, 0xff, 0xff, 0x0f};
  EXPECT_EQ(flexible(largest).uvarint(), UINT32_MAX);
  const uint8_t larger[] = {0xff, 0xff, 0xff, 0xff, 0x1f};
  Reader reader = flexible(larger);
  reader.uvarint();
  EXPECT_FALSE(reader.ok());
}

TEST(KafkaReader, NullTextOnlyWhereAllowed) {
  const uint8_t null_text[] = {0xff, 0xff};
  EXPECT_EQ(Reader(null_text).optional_text(), std::nullopt);
  Reader strict(null_text);
  EXPECT_EQ(strict.text(), "");
  EXPECT_FALSE(strict.ok());
  const uint8_t compact_null[] = {0};
  Reader compact = flexible(compact_null);
  EXPECT_EQ(compact.optional_view(false), std::nullopt);
  EXPECT_FALSE(compact.ok());
}

TEST(KafkaReader, CountBeyondTheBytesIsRefusedBeforeMakingRoom) {
  const uint8_t in[] = {0x7f, 0xff, 0xff, 0xff, 1, 2, 3};
  Reader reader(in);
  std::vector<int64_t> items;
  EXPECT_EQ(reader.begin_list(items), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(items.capacity(), 0u);
}

TEST(KafkaReader, ItemsOfAllListsTogetherAreLimited) {
  const uint8_t in[] = {0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 3, 4};
  Reader reader(in, Limits{3});
  std::vector<int8_t> items;
  for (size_t n = reader.begin_list(items); n > 0; --n) items.push_back(reader.i8());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.begin_list(items), 0u);
  EXPECT_EQ(reader.status("X").error().code, distributary::ErrorCode::too_large);
}

TEST(KafkaReader, UnknownTagsAreSkippedBySize) {
  const uint8_t in[] = {2, 0, 1, 9, 5, 2, 8, 8, 42};
  Reader reader = flexible(in);
  reader.skip_tags();
  EXPECT_EQ(reader.i8(), 42);
  EXPECT_TRUE(reader.ok());
}

TEST(KafkaReader, KnownTagMustBeReadToItsEnd) {
  const uint8_t in[] = {1, 0, 2, 9, 9, 42};
  Reader reader = flexible(in);
  for (TagReader tags(reader); tags.next();) {
    if (tags.is(0)) {
      EXPECT_EQ(reader.i8(), 9);
    }
  }
  EXPECT_FALSE(reader.ok());
}

TEST(KafkaReader, TaggedValueCannotReachBeyondItself) {
  const uint8_t in[] = {1, 0, 1, 9, 9, 9, 9};
  Reader reader = flexible(in);
  for (TagReader tags(reader); tags.next();) {
    if (tags.is(0)) {
      EXPECT_EQ(reader.i32(), 0);
    }
  }
  EXPECT_FALSE(reader.ok());
}

TEST(KafkaReader, TagsMustAscend) {
  const uint8_t in[] = {2, 3, 0, 3, 0};
  Reader reader = flexible(in);
  reader.skip_tags();
  EXPECT_FALSE(reader.ok());
}

TEST(KafkaReader, RecordsShareTheFrame) {
  Bytes frame = Bytes::copy(as_bytes(std::string_view("\0\0\0\3abc", 7)));
  Reader reader(frame, kResponseLimits);
  std::optional<std::vector<Piece>> pieces;
  reader.record_pieces(pieces);
  ASSERT_TRUE(pieces && pieces->size() == 1);
  EXPECT_EQ((*pieces)[0].data(), frame.data() + 4);
}

}  // namespace
}  // namespace distributary::kafka
