#include "wire/link/frame.h"

#include <gtest/gtest.h>

#include "base/coding.h"

namespace distributary {
namespace {

std::vector<uint8_t> small_frame() {
  std::vector<uint8_t> frame = begin_frame(FrameType::heartbeat);
  frame.push_back(7);
  finish_frame(frame);
  return frame;
}

Result<FrameHeader> header_of(const std::vector<uint8_t>& frame) {
  return parse_frame_header(ByteView(frame).first(kFrameHeaderBytes));
}

TEST(Frame, HeaderSaysTypeAndLength) {
  std::vector<uint8_t> frame = small_frame();
  Result<FrameHeader> header = header_of(frame);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->type, FrameType::heartbeat);
  EXPECT_EQ(header->length, kFrameHeaderBytes + 1);
  EXPECT_TRUE(check_frame(frame));
}

TEST(Frame, EveryFlippedBitIsNoticed) {
  const std::vector<uint8_t> frame = small_frame();
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::vector<uint8_t> damaged = frame;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    Result<FrameHeader> header = header_of(damaged);
    bool noticed = !header || header->length != frame.size() || !check_frame(damaged);
    EXPECT_TRUE(noticed) << "bit " << bit;
  }
}

TEST(Frame, LengthIsLimitedByType) {
  std::vector<uint8_t> frame = small_frame();
  store_le<uint32_t>(frame.data() + 8, kSmallFrameBytesMax + 1);
  Result<FrameHeader> header = header_of(frame);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::too_large);
  store_le<uint32_t>(frame.data() + 8, kFrameHeaderBytes - 1);
  EXPECT_EQ(header_of(frame).error().code, ErrorCode::corrupt);
}

TEST(Frame, UnknownVersionTypeAndFlagsAreRefused) {
  for (size_t at : {size_t{12}, size_t{13}, size_t{14}}) {
    std::vector<uint8_t> frame = small_frame();
    frame[at] = 99;
    Result<FrameHeader> header = header_of(frame);
    ASSERT_FALSE(header) << at;
    EXPECT_EQ(header.error().code, ErrorCode::unsupported) << at;
  }
}

}  // namespace
}  // namespace distributary
