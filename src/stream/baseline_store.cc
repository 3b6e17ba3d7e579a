#include "stream/baseline_store.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/coding_pieces.h"
#include "base/log.h"
#include "stream/segment_scanner.h"

namespace distributary {
namespace {

const Logger baseline_store_logger("retention");
constexpr std::string_view kBaselineMagic = "DSTRBAS1";
constexpr uint32_t kBaselineVersion = 2;
constexpr size_t kBaselineHeaderBytes = 64;

std::string baseline_blob_name(SegmentNumber segment) { return fmt::format("baseline.{:020}", segment); }

std::vector<uint8_t> encode(const LogId& id, SegmentNumber segment, const StreamState& state) {
  std::vector<uint8_t> body;
  Encoder chunks(body);
  for (const StateChunk& chunk : state.all_chunks()) {
    chunks.u8(static_cast<uint8_t>(chunk.kind));
    chunks.u32(chunk.index);
    chunks.bytes(state.encode_chunk(chunk));
  }
  std::vector<uint8_t> blob;
  Encoder out(blob);
  out.raw(as_bytes(kBaselineMagic));
  out.u32(0);
  out.u32(kBaselineVersion);
  out.raw(id.stream.view());
  out.u32(id.lane);
  out.u32(crc32c(body));
  out.u64(segment);
  out.u64(body.size());
  blob.resize(kBaselineHeaderBytes);
  store_le(blob.data() + 8, crc32c(ByteView(blob).subspan(12)));
  out.raw(body);
  return blob;
}

Result<StreamState> decode(const LogId& id, SegmentNumber segment, ByteView blob) {
  auto bad = [&](std::string_view why) {
    return fail(ErrorCode::corrupt, fmt::format("{}: {}", baseline_blob_name(segment), why));
  };
  bool whole = blob.size() >= kBaselineHeaderBytes && as_text(blob.first(8)) == kBaselineMagic;
  if (!whole || crc32c(blob.subspan(12, kBaselineHeaderBytes - 12)) != load_le<uint32_t>(blob.data() + 8))
    return bad("header does not match");
  Decoder in(blob.subspan(12));
  if (in.u32() != kBaselineVersion)
    return fail(ErrorCode::unsupported, fmt::format("{}: unknown version", baseline_blob_name(segment)));
  bool ours = get_uuid(in) == id.stream && in.u32() == id.lane;
  uint32_t crc = in.u32();
  ours = ours && in.u64() == segment;
  uint64_t length = in.u64();
  if (!ours) return bad("belongs to another log");
  ByteView body = blob.subspan(kBaselineHeaderBytes);
  if (body.size() != length || crc32c(body) != crc) return bad("body does not match its checksum");
  Decoder chunks(body);
  StreamState state;
  while (chunks.ok() && chunks.remaining() > 0) {
    auto kind = static_cast<StateChunk::Kind>(chunks.u8());
    StateChunk chunk{kind, chunks.u32()};
    ByteView bytes = chunks.bytes();
    if (chunks.ok()) TRY_STATUS(state.load_chunk(chunk, bytes));
  }
  if (!chunks.ok()) return bad("malformed");
  return state;
}

}  // namespace

Task<Result<StreamState>> BaselineStore::load(SegmentNumber segment) {
  if (segment == 1) co_return StreamState();
  CO_TRY(uint64_t size, co_await log_.blob_size(baseline_blob_name(segment)));
  CO_TRY(Bytes blob, co_await log_.read_blob(baseline_blob_name(segment), 0, size));
  co_return decode(id_, segment, blob);
}

Task<Status> BaselineStore::advance(SegmentNumber first_kept) {
  std::vector<SegmentInfo> segments = log_.segments();
  SegmentNumber first = segments.front().number;
  CO_TRY(StreamState state, co_await load(first));
  for (const SegmentInfo& segment : segments) {
    if (segment.number >= first_kept) break;
    SegmentScanner scanner(log_, id_, segment, kSegmentHeaderBytes);
    for (;;) {
      CO_TRY(std::optional<ScannedGroup> group, co_await scanner.next());
      if (!group) break;
      for (size_t offset = kGroupHeaderBytes; offset < group->entries_end();) {
        auto entry = group->entry(offset);
        if (!entry)
          co_return fail(
              entry.error().context(fmt::format("segment {} cannot be dropped, it is damaged", segment.number)));
        CO_TRY_STATUS(state.apply(entry->content));
        offset += entry->length;
      }
    }
  }
  Bytes blob(encode(id_, first_kept, state));
  co_return co_await log_.put_blob(baseline_blob_name(first_kept), blob);
}

Task<Status> BaselineStore::finish_drop() {
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  std::erase_if(blobs, [](const std::string& name) { return !name.starts_with("baseline."); });
  if (blobs.empty()) co_return Status{};
  std::string newest = *std::max_element(blobs.begin(), blobs.end());
  SegmentNumber first_kept = std::stoull(newest.substr(newest.find('.') + 1));
  while (log_.segments().size() > 1 && log_.segments().front().number < first_kept) {
    SegmentNumber number = log_.segments().front().number;
    CO_TRY_STATUS(co_await log_.remove_segment(number));
    baseline_store_logger.info("segment expired", {{"log", to_string(id_)}, {"segment", number}});
  }
  for (const std::string& name : blobs) {
    if (name != newest) CO_TRY_STATUS(co_await log_.remove_blob(name));
  }
  co_return Status{};
}

}  // namespace distributary
