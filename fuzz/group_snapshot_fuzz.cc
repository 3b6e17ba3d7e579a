// What is kept of groups of both protocols: what decodes encodes to bytes that mean the same.
#include "base/check.h"
#include "broker/consumer_group_snapshot.h"

using namespace distributary;

namespace {

std::string encode(const ConsumerGroupSnapshot& group) {
  return encode_snapshot(group.epoch, group.target_epoch, group.topics, group.members);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (auto group = decode_group_snapshot({data, size})) {
    const std::string bytes = encode_snapshot(*group);
    auto again = decode_group_snapshot(as_bytes(bytes));
    CHECK(again && encode_snapshot(*again) == bytes);
  }
  if (auto group = decode_consumer_group_snapshot({data, size})) {
    const std::string bytes = encode(*group);
    auto again = decode_consumer_group_snapshot(as_bytes(bytes));
    CHECK(again && encode(*again) == bytes);
  }
  return 0;
}
