#include "stream/key_map.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

const Uuid kSalt{{1, 2, 3}};

TEST(KeyMap, RemembersTheNewestAndWhetherItIsAlone) {
  KeyMap map(kSalt, 1 << 20, 1, 0);
  Hash128 key = map.hash(5, as_bytes("key"));
  EXPECT_EQ(map.find(key), nullptr);
  EXPECT_EQ(map.note(key, {.offset = 3, .segment = 1, .bytes = 10, .kind = KeyMap::Kind::tombstone}).offset, -1);
  EXPECT_TRUE(map.find(key)->alone);
  KeyMap::Newest older = map.note(key, {.offset = 9, .segment = 2, .bytes = 20});
  EXPECT_EQ(older.offset, 3);
  EXPECT_EQ(older.segment, 1u);
  EXPECT_EQ(older.bytes, 10u);
  EXPECT_EQ(older.kind, KeyMap::Kind::tombstone);
  EXPECT_TRUE(older.alone);
  EXPECT_EQ(map.find(key)->offset, 9);
  EXPECT_FALSE(map.find(key)->alone);
  EXPECT_EQ(map.find(map.hash(6, as_bytes("key"))), nullptr) << "another partition";
}

TEST(KeyMap, SlicesDivideAllKeysAndHalveTheSame) {
  for (uint32_t slices : {1u, 2u, 16u, 4096u}) {
    for (int i = 0; i < 200; ++i) {
      int in = 0;
      Hash128 key = KeyMap(kSalt, 1 << 10, 1, 0).hash(1, as_bytes("key " + std::to_string(i)));
      for (uint32_t slice = 0; slice < slices; ++slice) {
        KeyMap map(kSalt, 1 << 10, slices, slice);
        if (!map.in_slice(key)) continue;
        ++in;
        if (slices == KeyMap::kSlicesMax) continue;
        bool half = KeyMap(kSalt, 1 << 10, 2 * slices, 2 * slice).in_slice(key) ||
                    KeyMap(kSalt, 1 << 10, 2 * slices, 2 * slice + 1).in_slice(key);
        EXPECT_TRUE(half);
      }
      EXPECT_EQ(in, 1);
    }
  }
}

TEST(KeyMap, IsFullBeforeItOutgrowsItsBudget) {
  for (size_t budget : {10'000u, 100'000u, 3'000'000u}) {
    KeyMap map(kSalt, budget, 1, 0);
    while (!map.full()) map.note(map.hash(1, as_bytes(std::to_string(map.size()))), {});
    EXPECT_LT(map.size() * (sizeof(Hash128) + sizeof(KeyMap::Newest)), budget);
    EXPECT_GT(map.size() * 200, budget) << "it makes use of what it may";
  }
}

}  // namespace
}  // namespace distributary
