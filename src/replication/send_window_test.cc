#include "replication/send_window.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

const Origin kOrigin{Uuid::from_random({1}), 1};

LogPosition at(Lsn next) { return {.next = next}; }

// A frame of 100 bytes that stands for the log up to `next`, whose last entry is `next` - 1.
OutgoingFrame frame(SendWindow& window, Lsn next) {
  OutgoingFrame out;
  out.number = window.next_number();
  out.pieces = {Bytes(std::vector<uint8_t>(100))};
  out.bytes = 100;
  out.after = at(next);
  out.reached[kOrigin] = {next - 1, {next - 1, 7}};
  return out;
}

Acknowledged acknowledged(uint64_t next_frame, uint64_t window = 1000) { return {next_frame, window, {}}; }

TEST(SendWindow, AcknowledgementsMoveThePosition) {
  SendWindow window(at(1), 1000);
  window.add(frame(window, 5));
  window.add(frame(window, 9));
  EXPECT_EQ(window.acknowledged().next, 1u);
  ASSERT_TRUE(window.acknowledge(acknowledged(2)));
  EXPECT_EQ(window.acknowledged().next, 5u);
  ASSERT_TRUE(window.acknowledge(acknowledged(3)));
  EXPECT_EQ(window.acknowledged().next, 9u);
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.bytes(), 0u);
  ASSERT_TRUE(window.acknowledge(acknowledged(2))) << "an older one that was overtaken";
  EXPECT_EQ(window.acknowledged().next, 9u);
  EXPECT_FALSE(window.acknowledge(acknowledged(4))) << "never sent";
  EXPECT_FALSE(window.acknowledge(acknowledged(0)));
}

TEST(SendWindow, SkippedEntriesCountWhenWhatWasBeforeThemIsAcknowledged) {
  SendWindow window(at(1), 1000);
  window.skip_to(at(4));
  EXPECT_EQ(window.acknowledged().next, 4u);
  window.add(frame(window, 6));
  window.skip_to(at(8));
  EXPECT_EQ(window.acknowledged().next, 4u);
  ASSERT_TRUE(window.acknowledge(acknowledged(2)));
  EXPECT_EQ(window.acknowledged().next, 8u);
}

TEST(SendWindow, BytesAreLimitedButOneFrameAlwaysFits) {
  SendWindow window(at(1), 250);
  EXPECT_TRUE(window.fits(5000, 1000));
  window.add(frame(window, 2));
  window.add(frame(window, 3));
  EXPECT_TRUE(window.fits(50, 1000));
  EXPECT_FALSE(window.fits(51, 1000));
  EXPECT_TRUE(window.fits(10, 210));
  EXPECT_FALSE(window.fits(11, 210)) << "our own limit";
  ASSERT_TRUE(window.acknowledge(acknowledged(3, 0)));
  EXPECT_FALSE(window.fits(1, 1000)) << "the replica's side has closed the window";
}

TEST(SendWindow, WhatALostConnectionCarriedIsSentAgainInOrder) {
  SendWindow window(at(1), 1000);
  for (Lsn next = 2; next < 7; ++next) window.add(frame(window, next));
  EXPECT_EQ(window.take(0)->number, 1u);
  EXPECT_EQ(window.take(1)->number, 2u);
  EXPECT_EQ(window.take(0)->number, 3u);
  ASSERT_TRUE(window.acknowledge(acknowledged(2)));
  window.lost(0);
  EXPECT_EQ(window.take(1)->number, 3u) << "frame 1 is acknowledged, frame 2 is on the other connection";
  EXPECT_EQ(window.take(1)->number, 4u);
  EXPECT_EQ(window.first_waiting(), 5u);
  window.lost(1);
  EXPECT_EQ(window.first_waiting(), 2u);
  EXPECT_EQ(window.take(2)->number, 2u);
  ASSERT_TRUE(window.acknowledge(acknowledged(6)));
  EXPECT_FALSE(window.first_waiting());
  EXPECT_EQ(window.take(2), nullptr);
}

TEST(SendWindow, AnotherChainHashIsDivergence) {
  SendWindow window(at(1), 1000);
  window.add(frame(window, 5));
  Acknowledged message = acknowledged(2);
  message.positions = {{kOrigin, 4, {4, 7}}};
  EXPECT_TRUE(window.acknowledge(message));
  message.positions = {{kOrigin, 4, {4, 8}}};
  EXPECT_EQ(window.acknowledge(message).error().code, ErrorCode::diverged);
  message.positions = {{kOrigin, 3, {3, 7}}};
  EXPECT_EQ(window.acknowledge(message).error().code, ErrorCode::corrupt) << "less than was acknowledged";
  message.positions = {{kOrigin, 9, {1, 1}}};
  EXPECT_TRUE(window.acknowledge(message)) << "another link brought more";
}

}  // namespace
}  // namespace distributary
