// The settings of a stream: what `stream create` and `stream edit` take and `stream info` shows. The option of a field
// is named beside it. A value; `check` says whether it may be used.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/access_expression.h"
#include "model/entry_payload.h"
#include "model/record_batch.h"

namespace distributary {

// -compression
enum class StreamCompression : uint8_t { off = 0, lz4 = 1, lzf = 2, zlib = 3 };
// -durability. sync: acknowledged means on stable storage. async: in the page cache, flushed in the background.
enum class Durability : uint8_t { sync = 0, async = 1 };

inline constexpr int64_t kStreamSecondsMax = int64_t{100} * 365 * 24 * 3600;  // of any span that is set in seconds
inline constexpr int64_t kStreamMillisMax = kStreamSecondsMax * 1000;
inline constexpr int64_t kPidExpirySecondsMin = 60;

struct StreamSettings {
  int64_t ttl_seconds = 604'800;    // -ttl; 0: keep for ever
  bool autocreate = true;           // -autocreate: a producer's first message creates its topic
  uint32_t default_partitions = 1;  // -defaultpartitions: of topics created without a number
  StreamCompression compression = StreamCompression::lz4;
  AccessExpression produce_permission;                        // -produceperm
  AccessExpression consume_permission;                        // -consumeperm
  AccessExpression topic_permission;                          // -topicperm
  AccessExpression copy_permission;                           // -copyperm
  AccessExpression admin_permission;                          // -adminperm
  bool is_changelog = false;                                  // -ischangelog; only when it is created
  TimestampType timestamp_type = TimestampType::create_time;  // -defaulttimestamptype
  bool compact = false;                                       // -compact: keep the newest record of each key
  int64_t min_compaction_lag_ms = 0;                          // -mincompactionlag
  int64_t delete_retention_ms = 86'400'000;                   // -deleteretention: of a tombstone
  int64_t pid_expiry_seconds = 604'800;      // -pidexpirysecs: how long an idle producer id is remembered
  Durability durability = Durability::sync;  // -durability

  bool operator==(const StreamSettings&) const = default;

  // The defaults, with every permission given to the creator alone.
  static StreamSettings for_creator(std::string_view user);
  // Errors: invalid_argument; the message names the option and its range.
  Status check() const;
};

// The words of the options. Errors of the parsers: invalid_argument, naming what is allowed.
std::string_view to_string(StreamCompression compression);
std::string_view to_string(Durability durability);
std::string_view to_string(TimestampType type);  // createtime, logappendtime
Result<StreamCompression> parse_stream_compression(std::string_view text);
Result<Durability> parse_durability(std::string_view text);
Result<TimestampType> parse_timestamp_type(std::string_view text);

// Stored form: a version (u16) and the fields in the order above. Errors: unsupported (a newer version), corrupt
// (anything that `check` would not accept).
std::vector<uint8_t> encode_stream_settings(const StreamSettings& settings);
Result<StreamSettings> decode_stream_settings(ByteView bytes);

}  // namespace distributary
