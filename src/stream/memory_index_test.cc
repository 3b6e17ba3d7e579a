#include "stream/memory_index.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

IndexEntry entry(SegmentNumber segment, IndexKey key, Offset base, uint32_t offsets, uint64_t at) {
  return {key, base, offsets, 100, segment, at, 1000};
}

MemoryIndex small_index() {
  MemoryIndex index;
  index.add(entry(1, 7, 0, 10, 0));
  index.add(entry(1, 3, 0, 1, 100));
  index.add(entry(1, 7, 10, 5, 200));
  index.add(entry(2, 7, 15, 1, 0));
  return index;
}

TEST(MemoryIndex, FindsTheBatchThatHoldsAnOffsetAndThoseBehindIt) {
  MemoryIndex index = small_index();
  MemoryIndex::Found found = index.find(1, 7, 9, SIZE_MAX, SIZE_MAX);
  ASSERT_EQ(found.entries.size(), 2u);
  EXPECT_EQ(found.entries[0].base_offset, 0);
  EXPECT_FALSE(found.passed);
  found = index.find(1, 7, 10, SIZE_MAX, SIZE_MAX);
  ASSERT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.entries[0], entry(1, 7, 10, 5, 200));
  EXPECT_TRUE(found.passed);
}

TEST(MemoryIndex, SaysWhenAllIsBeforeTheOffsetAndWhenThereIsNothing) {
  MemoryIndex index = small_index();
  MemoryIndex::Found found = index.find(1, 7, 15, SIZE_MAX, SIZE_MAX);
  EXPECT_TRUE(found.entries.empty());
  EXPECT_TRUE(found.passed);
  found = index.find(2, 3, 0, SIZE_MAX, SIZE_MAX);
  EXPECT_TRUE(found.entries.empty());
  EXPECT_FALSE(found.passed);
  EXPECT_TRUE(index.find(9, 7, 0, SIZE_MAX, SIZE_MAX).entries.empty());
}

TEST(MemoryIndex, StopsAtItsLimitsButGivesAtLeastOne) {
  MemoryIndex index = small_index();
  EXPECT_EQ(index.find(1, 7, 0, 1, SIZE_MAX).entries.size(), 1u);
  EXPECT_EQ(index.find(1, 7, 0, SIZE_MAX, 1).entries.size(), 1u);
  EXPECT_EQ(index.find(1, 7, 0, 101, SIZE_MAX).entries.size(), 2u);
}

TEST(MemoryIndex, GivesEntriesAsAddedForCheckpointsAndByPartitionForSeals) {
  MemoryIndex index = small_index();
  std::vector<IndexEntry> added = index.entries(1, 1);
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[0].key, 3u);
  EXPECT_EQ(added[1].at, 200u);
  EXPECT_TRUE(index.entries(1, 9).empty());
  EXPECT_EQ(index.keys(1), (std::vector<IndexKey>{3, 7}));
  EXPECT_EQ(index.of_partition(1, 7).size(), 2u);
  EXPECT_EQ(index.entry_count(1), 3u);
}

TEST(MemoryIndex, ForgetsSegments) {
  MemoryIndex index = small_index();
  index.erase_before(2);
  EXPECT_EQ(index.segments(), (std::vector<SegmentNumber>{2}));
  EXPECT_TRUE(index.keys(1).empty());
  index.erase(2);
  EXPECT_TRUE(index.segments().empty());
}

}  // namespace
}  // namespace distributary
