#include "stream/segment_table.h"

#include <algorithm>
#include <iterator>

#include "base/coding_pieces.h"

namespace distributary {
namespace {
constexpr uint64_t kSegmentsMax = 1u << 24;
constexpr uint64_t kOriginsMax = 1u << 16;
}  // namespace

void RewriteSummary::encode(Encoder& out) const {
  out.u32(rewrite);
  out.varint(rewritten_until.size());
  for (const auto& [origin, lsn] : rewritten_until) {
    out.raw(origin.stream.view());
    out.u32(origin.incarnation);
    out.u64(lsn);
  }
}

RewriteSummary RewriteSummary::decode(Decoder& in) {
  RewriteSummary summary;
  summary.rewrite = in.u32();
  uint64_t origins = in.varint();
  if (origins > kOriginsMax) in.fail();
  for (uint64_t i = 0; i < origins && in.ok(); ++i) {
    Origin origin{get_uuid(in), in.u32()};
    summary.rewritten_until[origin] = in.u64();
  }
  return summary;
}

void SegmentTable::begin_segment(LogMark start) { segments_.push_back({std::move(start), 0, {}}); }

void SegmentTable::replace(SegmentNumber first, SegmentNumber last, RewriteSummary rewritten) {
  auto of = [&](const SegmentSummary& s) {
    return s.start.position.segment >= first && s.start.position.segment <= last;
  };
  auto begin = std::find_if(segments_.begin(), segments_.end(), of);
  auto end = std::find_if_not(begin, segments_.end(), of);
  if (begin == end) return;
  begin->newest = std::prev(end)->newest;
  begin->rewritten = std::move(rewritten);
  segments_.erase(std::next(begin), end);
  std::erase_if(marks_, [&](const LogMark& m) { return m.position.segment >= first && m.position.segment <= last; });
}

OriginLsn SegmentTable::rewritten_until(const Origin& origin) const {
  OriginLsn until = 0;
  for (const SegmentSummary& segment : segments_) {
    auto found = segment.rewritten.rewritten_until.find(origin);
    if (found != segment.rewritten.rewritten_until.end()) until = std::max(until, found->second);
  }
  return until;
}

void SegmentTable::end_segment(WallMillis newest) {
  if (!segments_.empty()) segments_.back().newest = std::max<WallMillis>(newest, 1);
}

bool SegmentTable::wants_mark(const LogPosition& position) const {
  const LogPosition* last = marks_.empty() ? nullptr : &marks_.back().position;
  return last == nullptr || last->segment != position.segment || position.at >= last->at + kMarkEveryBytes;
}

void SegmentTable::offer_mark(const LogPosition& position, const OriginPositions& origins) {
  if (!wants_mark(position)) return;
  marks_.push_back({position, origins});
  if (marks_.size() > kMarksMax) marks_.pop_front();
}

void SegmentTable::drop_before(SegmentNumber first) {
  std::erase_if(segments_, [&](const SegmentSummary& s) { return s.start.position.segment < first; });
  while (!marks_.empty() && marks_.front().position.segment < first) marks_.pop_front();
}

const SegmentSummary* SegmentTable::find(SegmentNumber number) const {
  auto found = std::find_if(segments_.begin(), segments_.end(),
                            [&](const SegmentSummary& s) { return s.start.position.segment == number; });
  return found == segments_.end() ? nullptr : &*found;
}

template <class Within>
const LogMark* SegmentTable::newest_where(Within within) const {
  for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark) {
    if (within(*mark)) return &*mark;
  }
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    if (within(segment->start)) return &segment->start;
  }
  return nullptr;
}

const LogMark* SegmentTable::newest_within(const OriginPositions& held) const {
  return newest_where([&](const LogMark& mark) {
    return std::all_of(mark.origins.begin(), mark.origins.end(), [&](const auto& item) {
      auto have = held.find(item.first);
      return item.second.lsn <= (have == held.end() ? 0 : have->second.lsn);
    });
  });
}

const LogMark* SegmentTable::newest_before(const Origin& origin, OriginLsn lsn) const {
  return newest_where([&](const LogMark& mark) {
    auto position = mark.origins.find(origin);
    return position == mark.origins.end() || position->second.lsn <= lsn;
  });
}

const LogMark* SegmentTable::newest_before(Lsn lsn) const {
  return newest_where([&](const LogMark& mark) { return mark.position.next <= lsn; });
}

void SegmentTable::encode(Encoder& out) const {
  out.varint(segments_.size());
  for (const SegmentSummary& segment : segments_) {
    const LogPosition& position = segment.start.position;
    out.u64(position.next);
    out.u64(position.segment);
    out.u64(position.at);
    out.u64(position.history_bytes);
    out.u64(position.history_records);
    out.i64(segment.newest);
    segment.rewritten.encode(out);
    out.varint(segment.start.origins.size());
    for (const auto& [origin, at] : segment.start.origins) {
      out.raw(origin.stream.view());
      out.u32(origin.incarnation);
      out.u64(at.lsn);
      out.u64(at.chain.low);
      out.u64(at.chain.high);
    }
  }
}

Result<SegmentTable> SegmentTable::decode(Decoder& in) {
  SegmentTable table;
  uint64_t count = in.varint();
  if (count > kSegmentsMax) in.fail();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    SegmentSummary segment;
    LogPosition& position = segment.start.position;
    position.next = in.u64();
    position.segment = in.u64();
    position.at = in.u64();
    position.history_bytes = in.u64();
    position.history_records = in.u64();
    segment.newest = in.i64();
    segment.rewritten = RewriteSummary::decode(in);
    uint64_t origins = in.varint();
    if (origins > kOriginsMax) in.fail();
    for (uint64_t k = 0; k < origins && in.ok(); ++k) {
      Origin origin{get_uuid(in), in.u32()};
      OriginPosition& at = segment.start.origins[origin];
      at.lsn = in.u64();
      at.chain.low = in.u64();
      at.chain.high = in.u64();
    }
    table.segments_.push_back(std::move(segment));
  }
  if (!in.ok()) return fail(ErrorCode::corrupt, "segment table is malformed");
  return table;
}

}  // namespace distributary
