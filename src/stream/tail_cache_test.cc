#include "stream/tail_cache.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

const LogId kLog{Uuid::from_random({1, 2, 3}), 0};

Bytes bytes_of(size_t size) { return Bytes(std::vector<uint8_t>(size, 7)); }

TEST(TailCache, the_oldest_buffers_go_first) {
  TailCache cache(100);
  for (uint64_t at = 0; at < 160; at += 40) cache.put(kLog, 1, at, bytes_of(40));
  EXPECT_EQ(cache.bytes(), 80u);
  EXPECT_FALSE(cache.get(kLog, 1, 40, 40));
  EXPECT_TRUE(cache.get(kLog, 1, 80, 40));
  EXPECT_TRUE(cache.get(kLog, 1, 120, 40));
}

TEST(TailCache, what_a_buffer_holds_counts_and_not_what_is_used_of_it) {
  TailCache cache(100);
  cache.put(kLog, 1, 0, bytes_of(10), 60);
  EXPECT_EQ(cache.bytes(), 60u);
  cache.put(kLog, 1, 10, bytes_of(10), 60);
  EXPECT_EQ(cache.bytes(), 60u);
  EXPECT_FALSE(cache.get(kLog, 1, 0, 10));
  EXPECT_TRUE(cache.get(kLog, 1, 10, 10));
  cache.put(kLog, 1, 10, bytes_of(20), 20);  // in its place
  EXPECT_EQ(cache.bytes(), 20u);
  cache.drop(kLog);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace distributary
