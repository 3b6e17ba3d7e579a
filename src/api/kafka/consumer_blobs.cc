#include "api/kafka/consumer_blobs.h"

#include <algorithm>

namespace distributary {
namespace {

using NamedList = std::optional<std::vector<NamedPartitions>>;

NamedList read_owned(const Bytes& metadata) {
  auto subscription = kafka::decode_subscription(metadata);
  if (!subscription) return std::nullopt;
  return named_partitions(subscription->owned_partitions);
}

NamedList read_assigned(const Bytes& bytes) {
  auto assignment = kafka::decode_assignment(bytes);
  if (!assignment) return std::nullopt;
  return named_partitions(assignment->assigned_partitions);
}

// Every version of the protocol begins with its number.
int16_t version_of(const Bytes& metadata) {
  const ByteView bytes = metadata.view();
  if (bytes.size() < 2) return 0;
  const int version = bytes[0] << 8 | bytes[1];
  return static_cast<int16_t>(std::clamp<int>(version, 0, kafka::ConsumerProtocolAssignment::kMaxVersion));
}

}  // namespace

const ConsumerProtocolReader kConsumerProtocolReader{read_owned, read_assigned};

Result<Bytes> write_classic_assignment(const UnwrittenAssignment& assignment) {
  kafka::ConsumerProtocolAssignment out;
  for (const NamedPartitions& topic : assignment.partitions) {
    out.assigned_partitions.push_back({topic.topic, topic.partitions});
  }
  return kafka::encode_assignment(out, version_of(assignment.metadata));
}

}  // namespace distributary
