#include "replication/reorder_buffer.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

Frame frame_of(size_t bytes, uint8_t fill = 0) {
  return {FrameType::entries, Bytes(std::vector<uint8_t>(bytes, fill))};
}

TEST(ReorderBuffer, GivesFramesInOrderOnce) {
  ReorderBuffer buffer;
  ASSERT_TRUE(buffer.offer(2, frame_of(10, 2), 100));
  EXPECT_FALSE(buffer.take());
  ASSERT_TRUE(buffer.offer(2, frame_of(10, 9), 100)) << "again";
  ASSERT_TRUE(buffer.offer(1, frame_of(10, 1), 100));
  EXPECT_EQ(buffer.take()->bytes.data()[0], 1);
  EXPECT_EQ(buffer.take()->bytes.data()[0], 2);
  EXPECT_FALSE(buffer.take());
  ASSERT_TRUE(buffer.offer(1, frame_of(10, 1), 100)) << "had already";
  EXPECT_FALSE(buffer.take());
  EXPECT_EQ(buffer.next(), 3u);
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(ReorderBuffer, HoldsNoMoreThanItsLimitButTakesTheNextFrameAlways) {
  ReorderBuffer buffer;
  ASSERT_TRUE(buffer.offer(3, frame_of(60), 100));
  Status more = buffer.offer(4, frame_of(60), 100);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::too_large);
  ASSERT_TRUE(buffer.offer(1, frame_of(1000), 100));
  EXPECT_TRUE(buffer.take());
  EXPECT_EQ(buffer.bytes(), 60u);
}

}  // namespace
}  // namespace distributary
