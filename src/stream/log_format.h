// Segment and group headers (docs/formats/stream-log.md). Pure values.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/log_store.h"

namespace distributary {

inline constexpr size_t kSegmentHeaderBytes = 96;
inline constexpr size_t kGroupHeaderBytes = 64;
inline constexpr uint32_t kLogVersion = 1;
inline constexpr uint32_t kRewrittenVersion = 2;      // of a segment that a rewrite has made
inline constexpr size_t kGroupBytesMax = 128u << 20;  // a reader refuses more

// Seed of the checksums of one segment, so that bytes of another log, segment or rewrite never pass for its own.
uint32_t segment_salt(const LogId& log, SegmentNumber segment, RewriteNumber rewrite = 0);

struct SegmentHeader {
  LogId log;
  SegmentNumber number = 0;
  Lsn first_lsn = 1;
  StorageEpoch epoch = 0;
  WallMillis created = 0;
  SegmentNumber merged = 0;   // of a rewritten segment: see SegmentInfo
  RewriteNumber rewrite = 0;  // 0: as it was appended

  void encode(std::vector<uint8_t>& out) const;
  // `corrupt`, or `unsupported` for another version; checks that it belongs to `log` and `segment`.
  static Result<SegmentHeader> parse(ByteView bytes, const LogId& log, const SegmentInfo& segment);
};

struct GroupHeader {
  Lsn first_lsn = 0;
  Lsn durable_lsn = 0;
  StorageEpoch epoch = 0;
  uint32_t length = 0;
  uint32_t entries = 0;
  WallMillis written = 0;
  uint64_t position = 0;
  uint64_t lsns = 0;  // in a rewritten segment, how many it stands for; else 0: as many as entries

  Lsn end_lsn() const { return first_lsn + (lsns > 0 ? lsns : entries); }  // one past its last
  void encode(uint8_t* at, uint32_t salt) const;                           // kGroupHeaderBytes bytes
  static Result<GroupHeader> parse(ByteView bytes, uint32_t salt, uint64_t position);
};

}  // namespace distributary
