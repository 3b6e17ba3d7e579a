#include "base/coding_pieces.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

TEST(CodingPieces, AUuidIsReadAsItWasWritten) {
  Uuid uuid;
  for (size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<uint8_t>(i + 1);
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  put_uuid(out, uuid);
  ASSERT_EQ(bytes.size(), 16u);
  Decoder in(bytes);
  EXPECT_EQ(get_uuid(in), uuid);
  EXPECT_TRUE(in.done());
}

TEST(CodingPieces, AUuidThatIsCutIsNone) {
  const std::vector<uint8_t> bytes(15, 1);
  Decoder in(bytes);
  EXPECT_TRUE(get_uuid(in).is_nil());
  EXPECT_FALSE(in.ok());
}

TEST(CodingPieces, ACountIsNotMoreThanCanFollow) {
  const std::vector<uint8_t> bytes = {3, 0, 0, 0, 0, 0, 0};
  Decoder fits(bytes);
  EXPECT_EQ(get_count(fits, 2), 3u);
  EXPECT_TRUE(fits.ok());
  Decoder too_many(bytes);
  EXPECT_EQ(get_count(too_many, 3), 0u);
  EXPECT_FALSE(too_many.ok());
  Decoder cut({});
  EXPECT_EQ(get_count(cut), 0u);
  EXPECT_FALSE(cut.ok());
}

}  // namespace
}  // namespace distributary
