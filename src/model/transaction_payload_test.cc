#include "model/transaction_payload.h"

#include <gtest/gtest.h>

#include "model/record_batch_builder.h"

namespace distributary {
namespace {

template <class T>
T value(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  return std::move(*result);
}

TEST(TransactionPayload, RoundTripsAndRefusesNonsense) {
  TopicPartition place{Uuid::from_random({1, 2}), 3};
  TransactionalIdRegistered id{"id", 5, 6, 7, 8, 9, Uuid::from_random({4, 4})};
  EXPECT_EQ(value(TransactionalIdRegistered::decode(id.encode())), id);
  TransactionExtended extended{5, 6, "id", 9, {place}};
  EXPECT_EQ(value(TransactionExtended::decode(extended.encode())), extended);
  TransactionPositions positions{5, 6, "g", {{place, 10, 2, "m"}}};
  EXPECT_EQ(value(TransactionPositions::decode(positions.encode())), positions);
  TransactionEnded ended{5, 6, 7, true, true, {{place, 11, 2}}};
  EXPECT_EQ(value(TransactionEnded::decode(ended.encode())), ended);
  ended.next_epoch = 5;
  EXPECT_FALSE(TransactionEnded::decode(ended.encode()));
  id.id.clear();
  EXPECT_FALSE(TransactionalIdRegistered::decode(id.encode()));
  std::vector<uint8_t> cut = extended.encode();
  cut.pop_back();
  EXPECT_FALSE(TransactionExtended::decode(cut));
  cut = positions.encode();
  cut.push_back(0);
  EXPECT_FALSE(TransactionPositions::decode(cut));
}

TEST(TransactionPayload, PartitionsShowControlBatches) {
  TopicPartition place{Uuid::from_random({1, 2}), 3};
  TopicPartition other{Uuid::from_random({1, 2}), 4};
  TransactionEnded ended{5, 6, 7, true, false, {{place, 11, 2}}};
  EXPECT_EQ(ended.marker(other), nullptr);
  ASSERT_NE(ended.marker(place), nullptr);
  std::vector<uint8_t> bytes = control_batch_of(ended, *ended.marker(place), 1234);
  RecordBatchView batch = value(RecordBatchView::parse(bytes));
  EXPECT_EQ(batch.crc(), batch.computed_crc());
  EXPECT_EQ(batch.leader_epoch(), 2);
  EXPECT_EQ(batch.max_timestamp(), 1234);
  TransactionEnd end = value(parse_control_batch(batch));
  EXPECT_EQ(end.base_offset, 11);
  EXPECT_EQ(end.producer_id, 5);
  EXPECT_EQ(end.producer_epoch, 6);
  EXPECT_TRUE(end.committed);
}

}  // namespace
}  // namespace distributary
