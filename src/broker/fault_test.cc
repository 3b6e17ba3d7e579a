#include "broker/fault.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

KafkaError error_of(ErrorCode code, Subject subject) { return fault_of({code, "m"}, subject).error; }

TEST(Fault, EveryErrorBecomesAnErrorOfTheProtocol) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::gap); ++code) {
    for (Subject subject : {Subject::topic, Subject::batch, Subject::append, Subject::storage, Subject::group}) {
      EXPECT_NE(error_of(ErrorCode(code), subject), KafkaError::none) << code;
    }
  }
}

TEST(Fault, TheSameCodeMeansDifferentThings) {
  EXPECT_EQ(error_of(ErrorCode::corrupt, Subject::batch), KafkaError::corrupt_message);
  EXPECT_EQ(error_of(ErrorCode::corrupt, Subject::storage), KafkaError::kafka_storage_error);
  EXPECT_EQ(error_of(ErrorCode::fenced, Subject::append), KafkaError::invalid_producer_epoch);
  EXPECT_EQ(error_of(ErrorCode::fenced, Subject::storage), KafkaError::not_leader_or_follower);
  EXPECT_EQ(error_of(ErrorCode::not_found, Subject::group), KafkaError::group_id_not_found);
  EXPECT_EQ(error_of(ErrorCode::conflict, Subject::append), KafkaError::out_of_order_sequence_number);
}

TEST(Fault, AnotherOwnerIsFinalAndKeepsItsName) {
  Fault fault = fault_of({ErrorCode::not_owner, "owned by /x"}, Subject::append);
  EXPECT_EQ(fault.error, KafkaError::policy_violation);
  EXPECT_EQ(fault.message, "owned by /x");
}

}  // namespace
}  // namespace distributary
