// SegmentTable: where entries are in the log, coarsely. One summary per segment, kept in checkpoints, and finer marks
// of the newest log, in memory. Readers that want an LSN or a position of an origin start at a mark and scan.
//
// Pure data of one Stream.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "base/coding.h"
#include "stream/log_position.h"
#include "stream/stream_state.h"

namespace distributary {

inline constexpr uint64_t kMarkEveryBytes = 1u << 20;
inline constexpr size_t kMarksMax = 4096;

// Everything before `position` is known: what each origin had written by then.
struct LogMark {
  LogPosition position;
  OriginPositions origins;
};

// What a rewrite has made of a segment.
struct RewriteSummary {
  RewriteNumber rewrite = 0;  // 0: nothing, it is as it was appended
  // Per origin, the last LSN in it that is not the original entry.
  std::map<Origin, OriginLsn> rewritten_until;
  bool operator==(const RewriteSummary&) const = default;

  void encode(Encoder& out) const;
  static RewriteSummary decode(Decoder& in);
};

struct SegmentSummary {
  LogMark start;          // at its first group
  WallMillis newest = 0;  // when its last group was written; 0 while it is active
  RewriteSummary rewritten;
};

class SegmentTable {
 public:
  // A new active segment begins with this mark.
  void begin_segment(LogMark start);
  void end_segment(WallMillis newest);
  // Remembers a finer mark if the last one is far enough behind.
  void offer_mark(const LogPosition& position, const OriginPositions& origins);
  bool wants_mark(const LogPosition& position) const;
  void drop_before(SegmentNumber first);
  // A rewrite has put one segment, numbered `first`, in the place of [first, last].
  void replace(SegmentNumber first, SegmentNumber last, RewriteSummary rewritten);

  const std::vector<SegmentSummary>& segments() const { return segments_; }
  const SegmentSummary* find(SegmentNumber number) const;
  // The newest mark at which no origin is beyond `held`; nullptr when even the oldest is.
  const LogMark* newest_within(const OriginPositions& held) const;
  // The newest mark at which `origin` is not beyond `lsn`.
  const LogMark* newest_before(const Origin& origin, OriginLsn lsn) const;
  const LogMark* newest_before(Lsn lsn) const;
  // The last LSN of `origin` of which the log no longer has the original entry; 0 when it has all.
  OriginLsn rewritten_until(const Origin& origin) const;

  void encode(Encoder& out) const;
  static Result<SegmentTable> decode(Decoder& in);

 private:
  template <class Within>
  const LogMark* newest_where(Within within) const;
  std::vector<SegmentSummary> segments_;
  std::deque<LogMark> marks_;
};

}  // namespace distributary
