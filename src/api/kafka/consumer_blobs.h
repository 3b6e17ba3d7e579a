// What consumers of the classic protocol say to each other in JoinGroup and SyncGroup, in the broker's terms: it takes
// part in that when a group changes over to the new protocol or back.
//
// Pure functions; any thread.
#pragma once

#include <vector>

#include "broker/group_member.h"
#include "wire/kafka/consumer_protocol.h"

namespace distributary {

extern const ConsumerProtocolReader kConsumerProtocolReader;

// Error: it does not fit into the protocol.
Result<Bytes> write_classic_assignment(const UnwrittenAssignment& assignment);

template <class Topic>
std::vector<NamedPartitions> named_partitions(const std::vector<Topic>& topics) {
  std::vector<NamedPartitions> out;
  out.reserve(topics.size());
  for (const Topic& topic : topics) out.push_back({topic.topic, topic.partitions});
  return out;
}

}  // namespace distributary
