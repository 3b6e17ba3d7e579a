// Identifiers of the log and of topics, as distinct types that do not convert into each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "base/uuid.h"

namespace distributary {

using Lsn = uint64_t;        // position of an entry in one stream's log: from 1, dense
using OriginLsn = uint64_t;  // position of a history entry in its origin: from 1, dense; 0 = before the first
using Offset = int64_t;      // of a record in its partition, as in Kafka
using PartitionIndex = uint32_t;
using LeaderEpoch = int32_t;

// The stream, and which life of it, in which an entry was first written. (origin, origin LSN) never names two different
// entries.
struct Origin {
  Uuid stream;
  uint32_t incarnation = 1;
  auto operator<=>(const Origin&) const = default;
};
std::string to_string(const Origin& origin);  // "<uuid>/<incarnation>"

struct OriginHash {
  size_t operator()(const Origin& origin) const { return UuidHash{}(origin.stream) ^ origin.incarnation; }
};

// The UUID that Kafka clients see for a topic; derived from where it was created (docs/formats/stream-log.md).
using TopicUuid = Uuid;
TopicUuid derive_topic_uuid(const Origin& creator, OriginLsn created_at);

struct TopicPartition {
  TopicUuid topic;
  PartitionIndex partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};
struct TopicPartitionHash {
  size_t operator()(const TopicPartition& tp) const { return UuidHash{}(tp.topic) * 31 + tp.partition; }
};

}  // namespace distributary
