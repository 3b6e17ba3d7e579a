#include "stream/checked_ranges.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

TEST(CheckedRangesTest, NeighboursBecomeOne) {
  CheckedRanges ranges;
  ranges.written(1, 0, 100);
  ranges.written(1, 200, 300);
  EXPECT_FALSE(ranges.covers(1, 0, 50, 250));
  EXPECT_TRUE(ranges.covers(1, 0, 200, 300));
  EXPECT_EQ(ranges.size(), 2u);
  ranges.written(1, 100, 200);
  EXPECT_TRUE(ranges.covers(1, 0, 0, 300));
  EXPECT_FALSE(ranges.covers(1, 0, 0, 301));
  EXPECT_FALSE(ranges.covers(2, 0, 0, 10));
  EXPECT_EQ(ranges.size(), 1u);
}

TEST(CheckedRangesTest, WhatOverlapsIsCoveredOnce) {
  CheckedRanges ranges;
  ranges.written(1, 100, 200);
  ranges.written(1, 50, 120);
  ranges.written(1, 190, 260);
  ranges.written(1, 10, 20);
  ranges.written(1, 60, 70);
  EXPECT_EQ(ranges.size(), 2u);
  EXPECT_TRUE(ranges.covers(1, 0, 50, 260));
  EXPECT_FALSE(ranges.covers(1, 0, 15, 60));
  ranges.written(1, 0, 1000);
  EXPECT_EQ(ranges.size(), 1u);
  EXPECT_TRUE(ranges.covers(1, 0, 0, 1000));
}

TEST(CheckedRangesTest, AnotherStampForgetsTheSegment) {
  CheckedRanges ranges;
  ranges.written(1, 0, 100);
  EXPECT_FALSE(ranges.covers(1, 7, 0, 100)) << "the device was read since";
  ranges.checked(1, 7, 50, 60);
  EXPECT_TRUE(ranges.covers(1, 7, 50, 60));
  EXPECT_FALSE(ranges.covers(1, 7, 0, 60));
  ranges.checked(1, 7, 60, 70);
  ranges.written(1, 100, 120);
  EXPECT_TRUE(ranges.covers(1, 7, 50, 70));
  EXPECT_TRUE(ranges.covers(1, 7, 100, 120));
  EXPECT_FALSE(ranges.covers(1, 8, 50, 60));
}

TEST(CheckedRangesTest, ForgetsSegments) {
  CheckedRanges ranges;
  for (SegmentNumber segment = 1; segment <= 5; ++segment) ranges.written(segment, 0, 10);
  ranges.forget(2, 4);
  EXPECT_EQ(ranges.size(), 2u);
  EXPECT_TRUE(ranges.covers(1, 0, 0, 10));
  EXPECT_FALSE(ranges.covers(3, 0, 0, 10));
  EXPECT_TRUE(ranges.covers(5, 0, 0, 10));
}

TEST(CheckedRangesTest, BeyondTheLimitTheOldestSegmentGoes) {
  CheckedRanges ranges;
  ranges.written(1, 0, 10);
  for (uint64_t at = 0; at < 2 * kCheckedRangesMax; at += 2) ranges.written(2, at, at + 1);
  EXPECT_FALSE(ranges.covers(1, 0, 0, 10));
  EXPECT_TRUE(ranges.covers(2, 0, 0, 1));
  EXPECT_LE(ranges.size(), kCheckedRangesMax);
  ranges.written(2, 1'000'000, 1'000'001);  // the last one: nothing is older
  EXPECT_LE(ranges.size(), kCheckedRangesMax);
}

}  // namespace
}  // namespace distributary
