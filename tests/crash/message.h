// What the killed process tells the one that kills it, through a pipe. A message is written at once and whole, so that
// none is ever cut: what was written before the kill arrives.
#pragma once

#include <cstdint>

namespace distributary::crash {

enum class About : uint32_t {
  sent_topic,   // key: the topic; before it is created
  acked_topic,  // it is durable
  sent_batch,   // key, hash, count; before it is appended
  acked_batch,  // key, offset, hash, count
  sent_trim,    // key, offset: records below it are deleted
  acked_trim,
  sent_cursor,  // key, offset
  acked_cursor,
  acked_chain,   // offset: origin LSN, hash: the chain after it
  found_topic,   // what a process found when it opened the stream, before it went on
  found_batch,   // key, offset, hash, count; in the order of the partition
  found_end,     // key, offset: next offset, hash: log start
  found_cursor,  // key, offset
  found_chain,   // offset: origin LSN, hash; for the LSN that was asked for
  ready,         // that was all; from here on it is under load
  failed,        // something went wrong that must not; the text is on standard error
};

struct Message {
  About about = About::failed;
  uint32_t key = 0;  // topic << 8 | partition
  int64_t offset = 0;
  uint64_t hash = 0;
  uint64_t count = 0;
};

constexpr uint32_t kPartitions = 3;  // of each topic
constexpr uint32_t key_of(uint32_t topic, uint32_t partition) { return topic << 8 | partition; }
constexpr uint32_t topic_of(uint32_t key) { return key >> 8; }
constexpr uint32_t partition_of_key(uint32_t key) { return key & 0xff; }

}  // namespace distributary::crash
