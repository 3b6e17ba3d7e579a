#include "stream/history_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/entry.h"

namespace distributary {
namespace {

// Read at once where groups are small. A larger group is read by itself: exactly as much as will be used.
constexpr size_t kWindowBytes = 256u << 10;

Error at_place(const Error& error, SegmentNumber segment, uint64_t at) {
  return error.context(fmt::format("segment {} at {}", segment, at));
}

}  // namespace

ByteView HistoryReader::Window::view(const SegmentInfo& of, uint64_t from) const {
  bool here = segment.number == of.number && segment.rewrite == of.rewrite;
  if (!here || from < at || from - at >= bytes.size()) return {};
  return bytes.view().subspan(from - at);
}

Result<LogPosition> HistoryReader::find(const OriginPositions& held) const {
  const LogMark* mark = segments_.newest_within(held);
  if (mark != nullptr) return mark->position;
  if (segments_.segments().empty()) return LogPosition{};
  return fail(ErrorCode::gap, fmt::format("log {} begins at LSN {}: older history is no longer kept", to_string(id_),
                                          segments_.segments().front().start.position.next));
}

void HistoryReader::settle(LogPosition& position) const {
  const auto& segments = log_.segments();
  auto here = std::find_if(segments.begin(), segments.end(),
                           [&](const SegmentInfo& s) { return s.number == position.segment; });
  bool at_end = here != segments.end() && position.at >= here->bytes && here + 1 != segments.end();
  if (at_end) {
    position.segment = (here + 1)->number;
    position.at = kSegmentHeaderBytes;
  }
  if (position.at < kSegmentHeaderBytes) position.at = kSegmentHeaderBytes;
}

bool HistoryReader::find_again(LogPosition& position) const {
  for (const SegmentInfo& info : log_.segments()) {
    if (position.segment < info.number || position.segment > info.last() || info.rewrite == 0) continue;
    if (position.segment == info.number && position.at <= kSegmentHeaderBytes) return false;
    position.segment = info.number;
    position.at = kSegmentHeaderBytes;
    return true;
  }
  return false;
}

Task<Result<ScannedGroup>> HistoryReader::next_group(LogPosition& position, Window& window) {
  LogPosition before = position;
  settle(position);
  last_read_ = position;
  auto group = co_await group_at(position.segment, position.at, window);
  if (group && group->header.first_lsn <= position.next) co_return group;
  position = before;
  if (group) {
    group = fail(ErrorCode::corrupt, fmt::format("log {} goes on at LSN {}, expected {}: damage", to_string(id_),
                                                 group->header.first_lsn, position.next));
  }
  if (find_again(position)) co_return co_await next_group(position, window);
  co_return group;
}

Task<Result<ScannedGroup>> HistoryReader::group_at(SegmentNumber segment, uint64_t at, Window& window) {
  const auto& segments = log_.segments();
  auto found =
      std::find_if(segments.begin(), segments.end(), [&](const SegmentInfo& s) { return s.number == segment; });
  if (found == segments.end())
    co_return fail(ErrorCode::gap, fmt::format("segment {} of log {} is no longer kept", segment, to_string(id_)));
  const SegmentInfo info = *found;
  uint32_t salt = segment_salt(id_, segment, info.rewrite);
  if (std::optional<Bytes> cached = cache_.get_from(id_, segment, at)) {
    auto header = GroupHeader::parse(cached->view(), salt, at);
    if (header && cached->size() >= header->length) {
      co_return ScannedGroup{*header, cached->slice(0, header->length), segment, at, entry_salt(salt, header->epoch)};
    }
  }
  if (at >= info.bytes)
    co_return fail(ErrorCode::corrupt,
                   fmt::format("segment {} of log {} ends at {}, where a group was", segment, to_string(id_), at));
  ByteView known = window.view(info, at);
  auto header = GroupHeader::parse(known, salt, at);
  if (!header || known.size() < header->length) {
    CO_TRY(window, co_await read_window(info, at, salt, known));
    known = window.bytes;
    header = GroupHeader::parse(known, salt, at);
  }
  if (!header) co_return fail(at_place(header.error(), segment, at));
  if (known.size() < header->length)
    co_return fail(ErrorCode::corrupt, fmt::format("segment {} at {}: group is cut short", segment, at));
  co_return ScannedGroup{*header, window.bytes.slice(at - window.at, header->length), segment, at,
                         entry_salt(salt, header->epoch)};
}

Task<Result<HistoryReader::Window>> HistoryReader::read_window(SegmentInfo segment, uint64_t at, uint32_t salt,
                                                               ByteView known) {
  Bytes head;  // what `known` is a view of, if it was read here
  if (known.size() < kGroupHeaderBytes) {
    CO_TRY(head, co_await log_.read(segment.number, at, kGroupHeaderBytes, ReadPattern::sequential));
    known = head;
  }
  auto header = GroupHeader::parse(known, salt, at);
  if (!header) co_return fail(at_place(header.error(), segment.number, at));
  size_t wanted = std::max<size_t>(header->length, kWindowBytes);
  wanted = static_cast<size_t>(std::min<uint64_t>(wanted, segment.bytes - at));
  CO_TRY(Bytes bytes, co_await log_.read(segment.number, at, wanted, ReadPattern::sequential));
  co_return Window{segment, at, std::move(bytes)};
}

Status HistoryReader::collect(const ScannedGroup& group, const LogPosition& from, LogChunk& chunk) {
  for (size_t offset = kGroupHeaderBytes; offset < group.entries_end();) {
    auto entry = group.entry(offset);
    if (!entry)
      return fail(entry.error().context(fmt::format("damage in segment {} at {}", group.segment, group.at + offset)));
    if (entry->lsn < from.next && entry->end_lsn() > from.next) {
      return fail(ErrorCode::gap, fmt::format("LSNs {} to {} were dropped by a rewrite; {} is wanted", entry->lsn,
                                              entry->end_lsn() - 1, from.next));
    }
    if (entry->lsn >= from.next && entry->content.travels()) {
      Bytes content = group.bytes.slice(offset + kEntryLocalHeaderBytes, entry->content.bytes().size());
      chunk.bytes += content.size();
      chunk.next.history_bytes += entry->content.history_bytes();
      chunk.next.history_records += entry->content.history_records();
      chunk.contents.push_back(std::move(content));
    }
    offset += entry->length;
  }
  return {};
}

Task<Result<LogChunk>> HistoryReader::read(LogPosition from, LogPosition end, size_t bytes_max) {
  LogChunk chunk;
  chunk.next = from;
  Window window;
  while (chunk.next.next < end.next && chunk.bytes < bytes_max) {
    CO_TRY(ScannedGroup group, co_await next_group(chunk.next, window));
    CO_TRY_STATUS(collect(group, chunk.next, chunk));
    chunk.next.next = std::max(chunk.next.next, group.header.end_lsn());
    chunk.next.at = group.at + group.header.length;
  }
  co_return chunk;
}

Task<Result<std::optional<Hash128>>> HistoryReader::chain_at(Origin origin, OriginLsn lsn, LogPosition end) {
  if (lsn == 0) co_return Hash128{};
  const LogMark* mark = segments_.newest_before(origin, lsn);
  if (mark == nullptr) co_return std::nullopt;
  auto known = mark->origins.find(origin);
  if (known != mark->origins.end() && known->second.lsn == lsn) co_return known->second.chain;
  LogPosition position = mark->position;
  while (position.next < end.next) {
    constexpr size_t kStepBytes = 1u << 20;
    CO_TRY(LogChunk chunk, co_await read(position, end, kStepBytes));
    for (const Bytes& bytes : chunk.contents) {
      ContentView content(bytes);
      if (content.origin() != origin || content.last_origin_lsn() != lsn) continue;
      co_return content.chain_after();
    }
    position = chunk.next;
  }
  co_return std::nullopt;
}

}  // namespace distributary
