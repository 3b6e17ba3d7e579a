#include "stream/segment_rewriter.h"

#include <fmt/core.h>

#include "io/task_scope.h"
#include "stream/entry_index.h"
#include "stream/rewrite_summary.h"

namespace distributary {

SegmentRewriter::SegmentRewriter(Surroundings surroundings, RewriteNumber rewrite, Judge judge)
    : in_(surroundings), judge_(std::move(judge)), range_(surroundings.state) {
  out_.segment.rewrite = rewrite;
  out_.summary.rewrite = rewrite;
}

Task<Result<SegmentRewriter::Rewritten>> SegmentRewriter::run(std::vector<SegmentInfo> from, std::stop_token stop) {
  out_.segment.number = from.front().number;
  out_.segment.merged = from.back().last() - from.front().number;
  salt_ = segment_salt(in_.id, out_.segment.number, out_.segment.rewrite);
  CO_TRY_STATUS(co_await begin(from.front()));
  for (const SegmentInfo& segment : from) {
    CO_TRY_STATUS(co_await copy_segment(segment, stop));
  }
  CO_TRY_STATUS(co_await finish());
  co_return std::move(out_);
}

Task<Status> SegmentRewriter::begin(const SegmentInfo& first) {
  CO_TRY(Bytes bytes, co_await in_.log.read(first.number, 0, kSegmentHeaderBytes, ReadPattern::sequential));
  CO_TRY(SegmentHeader header, SegmentHeader::parse(bytes, in_.id, first));
  header.merged = out_.segment.merged;
  header.rewrite = out_.segment.rewrite;
  header.encode(bytes_);
  out_.segment.bytes = kSegmentHeaderBytes;
  end_ = header.first_lsn;
  epoch_ = header.epoch;
  written_ = header.created;
  co_return Status{};
}

Task<Status> SegmentRewriter::copy_segment(SegmentInfo segment, std::stop_token stop) {
  SegmentScanner scanner(in_.log, in_.id, segment, kSegmentHeaderBytes);
  for (;;) {
    CO_TRY(std::optional<ScannedGroup> group, co_await scanner.next());
    if (!group) co_return Status{};
    CO_TRY_STATUS(co_await copy_group(*group));
    co_await yield_to_others(in_.executor);
    if (stop.stop_requested()) co_return fail(ErrorCode::cancelled, "the stream is being closed");
  }
}

Task<Status> SegmentRewriter::copy_group(const ScannedGroup& group) {
  const GroupHeader& header = group.header;
  if (header.entries == 0) co_return Status{};  // a mark, or the end of a rewritten segment
  if (header.first_lsn != end_) {
    co_return fail(ErrorCode::corrupt, fmt::format("segment {} at {}: group begins at LSN {}, expected {}",
                                                   group.segment, group.at, header.first_lsn, end_));
  }
  if (header.epoch != epoch_) CO_TRY_STATUS(co_await write_group());  // its entries are salted with its epoch
  epoch_ = header.epoch;
  written_ = header.written;
  for (size_t offset = kGroupHeaderBytes; offset < group.entries_end();) {
    auto entry = group.entry(offset);
    if (entry && entry->lsn != end_) entry = fail(ErrorCode::corrupt, fmt::format("LSN {} is missing", end_));
    if (!entry)
      co_return fail(entry.error().context(fmt::format("segment {} at {}", group.segment, group.at + offset)));
    CO_TRY_STATUS(copy_entry(*entry));
    offset += entry->length;
    if (bytes_.size() >= kRewriteGroupBytes) CO_TRY_STATUS(co_await write_group());
    if (looked_at_ < kRecordsPerTurn) continue;
    looked_at_ = 0;
    co_await yield_to_others(in_.executor);
  }
  co_return Status{};
}

Status SegmentRewriter::copy_entry(const EntryView& entry) {
  const ContentView& content = entry.content;
  end_ = entry.end_lsn();
  if (content.type() == EntryType::skipped || is_droppable(in_.state, content)) return drop(entry, false);
  Verdict verdict;
  if (content.is_batch()) {
    TRY(verdict, judge_(content));
    looked_at_ += verdict.records;
  }
  if (verdict.fate == Verdict::Fate::drop) return drop(entry, verdict.trimmed);
  TRY_STATUS(write_range());
  if (verdict.fate == Verdict::Fate::keep) {
    write(entry.lsn, end_, [&](std::vector<uint8_t>& group, uint32_t salt) {
      return append_content(group, content.bytes(), entry.lsn, salt);
    });
    return {};
  }
  bool again = content.type() == EntryType::compacted_batch;
  uint32_t checksum = again ? load_le<uint32_t>(content.payload().data()) : content.checksum();
  auto original_bytes = static_cast<uint32_t>(content.history_bytes());
  ContentFields fields{EntryClass::rewritten,  EntryType::compacted_batch, content.origin(), content.origin_lsn(),
                       content.chain_before(), content.appended(),         content.topic(),  content.partition(),
                       content.offset_count(), content.base_offset()};
  std::vector<uint8_t> payload = encode_compacted(checksum, original_bytes, verdict.batch);
  write(entry.lsn, end_, [&](std::vector<uint8_t>& group, uint32_t salt) {
    size_t at = begin_entry(group, fields, payload);
    return seal_entry(group, at, entry.lsn, salt);
  });
  return {};
}

Status SegmentRewriter::drop(const EntryView& entry, bool trimmed) {
  TRY(bool added, range_.add(entry, trimmed));
  if (added) return {};
  TRY_STATUS(write_range());
  TRY(added, range_.add(entry, trimmed));
  return added ? Status{} : fail(ErrorCode::corrupt, fmt::format("LSN {} cannot be dropped", entry.lsn));
}

Status SegmentRewriter::write_range() {
  if (range_.empty()) return {};
  SkippedRange::Taken taken = range_.take();
  if (taken.original.empty()) {  // what cannot be read again must not take the place of what can
    auto readable = Skipped::decode(taken.payload);
    if (!readable) return fail(readable.error().context(fmt::format("LSN {} cannot be dropped", taken.lsn)));
  }
  write(taken.lsn, taken.lsn + taken.count, [&](std::vector<uint8_t>& group, uint32_t salt) {
    if (!taken.original.empty()) return append_content(group, taken.original, taken.lsn, salt);
    size_t at = begin_entry(group, taken.fields, taken.payload);
    return seal_entry(group, at, taken.lsn, salt);
  });
  return {};
}

void SegmentRewriter::write(Lsn lsn, Lsn end,
                            const std::function<ContentView(std::vector<uint8_t>& group, uint32_t salt)>& append) {
  if (group_.entries == 0) {
    group_at_ = bytes_.size();
    bytes_.resize(group_at_ + kGroupHeaderBytes);
    group_.first_lsn = lsn;
    group_.epoch = epoch_;
    group_.position = out_.segment.bytes;
  }
  EntryPlace place;
  place.segment = out_.segment.number;
  place.at = group_.position + bytes_.size() - group_at_;
  size_t before = bytes_.size();
  ContentView content = append(bytes_, entry_salt(salt_, group_.epoch));
  place.length = bytes_.size() - before;
  ++group_.entries;
  group_.lsns = end - group_.first_lsn;
  group_.written = written_;
  if (content.is_rewritten()) {
    OriginLsn& until = out_.summary.rewritten_until[content.origin()];
    until = std::max(until, content.last_origin_lsn());
  }
  visit_indexed(in_.state, content, place, [&](const IndexEntry& item) { out_.index.add(item); });
}

Task<Status> SegmentRewriter::write_group() {
  if (group_.entries == 0) co_return Status{};
  group_.length = static_cast<uint32_t>(bytes_.size() - group_at_);
  group_.durable_lsn = group_.first_lsn + group_.lsns - 1;
  group_.encode(bytes_.data() + group_at_, salt_);
  out_.segment.bytes += group_.length;
  group_ = GroupHeader();
  Bytes data(std::exchange(bytes_, {}));
  co_return co_await in_.log.append_rewrite(std::move(data));
}

Task<Status> SegmentRewriter::finish() {
  CO_TRY_STATUS(write_range());
  CO_TRY_STATUS(co_await write_group());
  GroupHeader end;
  end.first_lsn = end_;
  end.durable_lsn = end_ - 1;
  end.epoch = epoch_;
  end.written = written_;
  end.position = out_.segment.bytes;
  size_t before = bytes_.size();  // a segment without entries has but its header there
  append_rewrite_summary(bytes_, end, salt_, out_.summary);
  out_.segment.bytes += bytes_.size() - before;
  Bytes data(std::exchange(bytes_, {}));
  co_return co_await in_.log.append_rewrite(std::move(data));
}

}  // namespace distributary
