// Payloads of the entries that are not record batches: plain values with encode and decode. Decoders check every count
// against what is left and a named limit; `corrupt` names the payload.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/path.h"
#include "model/record_batch.h"
#include "model/topic_settings.h"

namespace distributary {

inline constexpr uint32_t kPartitionsPerTopicMax = 100'000;
inline constexpr size_t kGroupIdBytesMax = 32'767;
inline constexpr size_t kCursorMetadataBytesMax = 4096;
inline constexpr size_t kCursorsPerEntryMax = 100'000;

struct TopicCreated {
  std::string name;
  uint32_t partitions = 1;
  Uuid owner;  // stream that assigns the offsets
  TimestampType timestamp_type = TimestampType::create_time;
  TopicSettings settings;

  std::vector<uint8_t> encode() const;
  static Result<TopicCreated> decode(ByteView payload);
  bool operator==(const TopicCreated&) const = default;
};

// All of it holds from here on: what is to stay must be said again.
struct TopicAltered {
  uint32_t partitions = 1;
  TimestampType timestamp_type = TimestampType::create_time;
  TopicSettings settings;

  std::vector<uint8_t> encode() const;
  static Result<TopicAltered> decode(ByteView payload);
  bool operator==(const TopicAltered&) const = default;
};

struct CursorCommit {
  TopicPartition partition;
  Offset offset = 0;  // next to read
  LeaderEpoch leader_epoch = -1;
  std::string metadata;
  bool operator==(const CursorCommit&) const = default;
};

struct CursorsCommitted {
  std::string group;
  Uuid writer;  // stream whose group coordinator wrote it
  std::vector<CursorCommit> cursors;

  std::vector<uint8_t> encode() const;
  static Result<CursorsCommitted> decode(ByteView payload);
  bool operator==(const CursorsCommitted&) const = default;
};

struct CursorsDeleted {
  std::string group;
  std::vector<TopicPartition> partitions;

  std::vector<uint8_t> encode() const;
  static Result<CursorsDeleted> decode(ByteView payload);
  bool operator==(const CursorsDeleted&) const = default;
};

struct ProducerIdsIssued {
  int64_t first = 0;
  uint32_t count = 0;

  std::vector<uint8_t> encode() const;
  static Result<ProducerIdsIssued> decode(ByteView payload);
  bool operator==(const ProducerIdsIssued&) const = default;
};

struct ProducersExpired {
  std::vector<int64_t> ids;

  std::vector<uint8_t> encode() const;
  static Result<ProducersExpired> decode(ByteView payload);
  bool operator==(const ProducersExpired&) const = default;
};

struct RecordsDeleted {
  Offset log_start = 0;  // topic and partition are in the entry's header

  std::vector<uint8_t> encode() const;
  static Result<RecordsDeleted> decode(ByteView payload);
  bool operator==(const RecordsDeleted&) const = default;
};

struct Expired {
  struct Partition {
    TopicPartition partition;
    Offset log_start = 0;
    bool operator==(const Partition&) const = default;
  };
  std::vector<Partition> partitions;

  std::vector<uint8_t> encode() const;
  static Result<Expired> decode(ByteView payload);
  bool operator==(const Expired&) const = default;
};

}  // namespace distributary
