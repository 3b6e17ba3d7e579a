// What members of consumer groups write of themselves, in any version a client may claim: taken or refused, and what
// is taken is the same when it is written and read again. The first byte says which of the two messages.
#include "base/check.h"
#include "wire/kafka/consumer_protocol.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView blob(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    auto subscription = kafka::decode_subscription(blob);
    if (!subscription) return 0;
    auto bytes = kafka::encode_subscription(*subscription, kafka::ConsumerProtocolSubscription::kMaxVersion);
    CHECK(bytes);
    auto again = kafka::decode_subscription(*bytes);
    CHECK(again && again->topics == subscription->topics && again->generation_id == subscription->generation_id);
    return 0;
  }
  auto assignment = kafka::decode_assignment(blob);
  if (!assignment) return 0;
  auto bytes = kafka::encode_assignment(*assignment, kafka::ConsumerProtocolAssignment::kMaxVersion);
  CHECK(bytes);
  auto again = kafka::decode_assignment(*bytes);
  CHECK(again && again->assigned_partitions.size() == assignment->assigned_partitions.size());
  return 0;
}
