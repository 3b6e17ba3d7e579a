// Pieces that the payloads of several entries share. Private to model/.
//
// A decoder that meets something impossible makes `in.ok()` false; the caller looks once at the end.
#pragma once

#include <fmt/core.h>

#include <string>

#include "base/coding_pieces.h"
#include "base/error.h"
#include "model/entry_payload.h"

namespace distributary::payload_coding {

inline Error malformed(const char* what) {
  return Error{ErrorCode::corrupt, fmt::format("payload of '{}' is malformed", what)};
}

inline void put_partition(Encoder& out, const TopicPartition& partition) {
  out.raw(partition.topic.view());
  out.varint(partition.partition);
}

inline TopicPartition get_partition(Decoder& in) {
  TopicPartition partition;
  partition.topic = get_uuid(in);
  partition.partition = static_cast<PartitionIndex>(in.varint());
  return partition;
}

// A count of items that take at least `bytes_min` each, of which there are at most `max`.
inline size_t get_count(Decoder& in, size_t bytes_min, size_t max) {
  const size_t count = get_count(in, bytes_min);
  if (count <= max) return count;
  in.fail();
  return 0;
}

inline std::string get_text(Decoder& in, size_t max) {
  ByteView text = in.bytes();
  if (text.size() > max) in.fail();
  return std::string(as_text(text));
}

inline constexpr size_t kCursorBytesMin = 20;

inline void put_cursor(Encoder& out, const CursorCommit& cursor) {
  put_partition(out, cursor.partition);
  out.zigzag(cursor.offset);
  out.zigzag(cursor.leader_epoch);
  out.text(cursor.metadata);
}

inline CursorCommit get_cursor(Decoder& in) {
  CursorCommit cursor;
  cursor.partition = get_partition(in);
  cursor.offset = in.zigzag();
  cursor.leader_epoch = static_cast<LeaderEpoch>(in.zigzag());
  cursor.metadata = get_text(in, kCursorMetadataBytesMax);
  return cursor;
}

}  // namespace distributary::payload_coding
