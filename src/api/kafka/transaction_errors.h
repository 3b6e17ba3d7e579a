// Errors of transactions by the version of the API: older clients know fewer.
#pragma once

#include "api/kafka/request.h"

namespace distributary {

// AddPartitionsToTxn, AddOffsetsToTxn and EndTxn know producer_fenced from version 2 on.
inline kafka::ErrorCode transaction_error(const Fault& fault, int16_t version) {
  constexpr int16_t kFencedVersion = 2;
  const bool unknown = fault.error == KafkaError::producer_fenced && version < kFencedVersion;
  return to_wire(unknown ? KafkaError::invalid_producer_epoch : fault.error);
}

}  // namespace distributary
