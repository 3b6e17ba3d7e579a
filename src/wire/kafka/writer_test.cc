#include "wire/kafka/writer.h"

#include <gtest/gtest.h>

#include "wire/kafka/golden_entries.h"

namespace distributary::kafka {
namespace {

std::vector<uint8_t> flexible_bytes(void (*write)(Writer&)) {
  Writer out;
  out.set_flexible(true);
  write(out);
  return join_pieces(out.take());
}

TEST(KafkaWriter, LargeByteFieldsAreBorrowedAndSmallOnesCopied) {
  Bytes small(std::vector<uint8_t>(Writer::kBorrowFrom - 1, 1)), large(std::vector<uint8_t>(Writer::kBorrowFrom, 2));
  Writer out;
  out.bytes(small);
  out.bytes(large);
  out.i8(3);
  EXPECT_EQ(out.size(), 4 + small.size() + 4 + large.size() + 1);
  std::vector<Piece> pieces = out.take();
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].size(), 4 + small.size() + 4);
  EXPECT_EQ(pieces[1].data(), large.data());
  EXPECT_EQ(pieces[2].data()[0], 3);
  EXPECT_EQ(out.size(), 0u);
  EXPECT_TRUE(out.take().empty());
}

TEST(KafkaWriter, NullAndEmptyDiffer) {
  const std::optional<std::string> null_text;
  const std::optional<std::vector<int>> null_list;
  Writer out;
  out.optional_text(null_text);
  out.optional_text(null_text, false);
  out.begin_list(null_list);
  out.begin_list(null_list, false);
  const std::vector<uint8_t> expected = {0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
  EXPECT_EQ(join_pieces(out.take()), expected);
  EXPECT_EQ(flexible_bytes([](Writer& compact) {
              compact.optional_bytes(std::nullopt);
              compact.optional_bytes(std::nullopt, false);
              compact.text("ab");
            }),
            (std::vector<uint8_t>{0, 1, 3, 'a', 'b'}));
}

TEST(KafkaWriter, VarintsGrowByGroupsOfSevenBits) {
  EXPECT_EQ(flexible_bytes([](Writer& out) {
              out.uvarint(127);
              out.uvarint(128);
              out.uvarint(UINT32_MAX);
            }),
            (std::vector<uint8_t>{0x7f, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}));
}

TEST(KafkaWriter, TagSectionHoldsCountTagsAndSizes) {
  EXPECT_EQ(flexible_bytes([](Writer& out) {
              TagWriter tags(out);
              tags.start(0).i16(5);
              tags.start(200).text("x");
              tags.finish();
            }),
            (std::vector<uint8_t>{2, 0, 2, 0, 5, 0xc8, 1, 2, 2, 'x'}));
  EXPECT_EQ(flexible_bytes([](Writer& out) { TagWriter(out).finish(); }), std::vector<uint8_t>{0});
  Writer plain;
  TagWriter(plain).finish();
  plain.no_tags();
  EXPECT_EQ(plain.size(), 0u);
}

TEST(KafkaWriter, BorrowedPiecesKeepTheirPlaceInsideTags) {
  Bytes large(std::vector<uint8_t>(2000, 9));
  Writer out;
  out.set_flexible(true);
  out.i8(1);
  TagWriter tags(out);
  tags.start(3).bytes(large);
  tags.finish();
  out.i8(2);
  std::vector<Piece> pieces = out.take();
  ASSERT_EQ(pieces.size(), 3u);
  // 1, one tag, tag 3, size 2002 as varint, length 2001 as varint
  EXPECT_EQ(join_pieces({pieces[0]}), (std::vector<uint8_t>{1, 1, 3, 0xd2, 0x0f, 0xd1, 0x0f}));
  EXPECT_EQ(pieces[1].data(), large.data());
  EXPECT_EQ(join_pieces({pieces[2]}), std::vector<uint8_t>{2});
}

TEST(KafkaWriter, TextBeyondTheProtocolsLimitFails) {
  Writer out;
  out.text(std::string(32767, 'x'));
  EXPECT_TRUE(out.status("X"));
  out.text(std::string(32768, 'x'));
  EXPECT_EQ(out.status("X").error().code, distributary::ErrorCode::too_large);
}

}  // namespace
}  // namespace distributary::kafka
