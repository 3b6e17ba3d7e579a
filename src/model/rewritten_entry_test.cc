#include "model/rewritten_entry.h"

#include <gtest/gtest.h>

#include "model/transaction_payload.h"

namespace distributary {
namespace {

Skipped full_range() {
  const TopicPartition partition{Uuid::from_random({1}), 3};
  Skipped range;
  range.chain_after = {1, 2};
  range.count = 100;
  range.history_bytes = 5000;
  range.history_records = 60;
  range.partitions.push_back({partition, 7, 107, false});
  range.batches.push_back({partition, 5, 1, 10, 12, 7, 1000});
  range.transactions.push_back({40, 5, 3, 2, true, false, 60'000, 900, 1000, "id"});
  range.transactions.push_back({41, 6, 0, 0, false, true, 1, -5, 7, ""});
  range.notes.push_back({0, EntryType::transaction_ended, 800, TransactionEnded{5, 1, 1, true, false, {}}.encode()});
  range.notes.push_back({99, EntryType::transaction_extended, 1100, {1, 2, 3}});
  range.groups.push_back({"group", {{50, 1000, {partition, 11, 0, "metadata"}}, {3, 700, {{}, 1, -1, ""}}}});
  range.groups.push_back({"", {}});
  return range;
}

TEST(Skipped, IsReadAsItWasWritten) {
  const Skipped range = full_range();
  auto again = Skipped::decode(range.encode());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, range);
  Skipped plain = range;
  plain.transactions.clear();
  plain.notes.clear();
  plain.groups.clear();
  EXPECT_LT(plain.encode().size(), range.encode().size());
  EXPECT_EQ(*Skipped::decode(plain.encode()), plain);
}

TEST(Skipped, StepsAreInTheOrderOfTheEntries) {
  const Skipped range = full_range();
  std::vector<uint64_t> places;
  for (const SkippedStep& step : range.steps()) places.push_back(step.at);
  EXPECT_EQ(places, (std::vector<uint64_t>{0, 3, 40, 41, 50, 99}));
}

TEST(Skipped, PlacesThatAreNotInTheRangeOrNotInOrderAreRefused) {
  for (uint64_t at : {41, 100}) {
    Skipped range = full_range();
    range.transactions[0].at = at;
    EXPECT_FALSE(Skipped::decode(range.encode())) << at;
    range = full_range();
    range.notes[0].at = at == 41 ? 99 : at;
    EXPECT_FALSE(Skipped::decode(range.encode())) << at;
  }
  Skipped range = full_range();
  range.groups[0].cursors[0].at = 100;
  EXPECT_FALSE(Skipped::decode(range.encode()));
}

TEST(Skipped, WhatIsImpossibleIsRefused) {
  Skipped range = full_range();
  range.transactions[0].epoch = 1;
  EXPECT_FALSE(Skipped::decode(range.encode())) << "an epoch before the one that ended";
  range = full_range();
  range.transactions[0].producer_id = -1;
  EXPECT_FALSE(Skipped::decode(range.encode()));
  range = full_range();
  range.notes[0].type = EntryType::transactional_id_registered;
  EXPECT_FALSE(Skipped::decode(range.encode()));
  const std::vector<uint8_t> whole = full_range().encode();
  for (size_t length = 0; length < whole.size(); ++length) {
    auto cut = Skipped::decode(ByteView(whole).subspan(0, length));
    EXPECT_TRUE(!cut || cut->transactions.empty()) << length;
  }
}

}  // namespace
}  // namespace distributary
