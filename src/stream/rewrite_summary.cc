#include "stream/rewrite_summary.h"

#include <fmt/core.h>

#include "base/checksum.h"

namespace distributary {
namespace {

constexpr uint64_t kSummaryMagic = 0x314d555352545344;  // "DSTRSUM1"
constexpr size_t kTrailerBytes = 24;                    // length u32, crc u32, position of the group u64, magic u64
constexpr size_t kSummaryBytesMax = 4u << 20;

}  // namespace

void append_rewrite_summary(std::vector<uint8_t>& out, GroupHeader header, uint32_t segment_salt,
                            const RewriteSummary& summary) {
  std::vector<uint8_t> body;
  Encoder encoder(body);
  summary.encode(encoder);
  uint32_t length = static_cast<uint32_t>(body.size());
  uint32_t crc = crc32c(body, segment_salt);
  body.resize((body.size() + 7) & ~size_t{7});
  header.entries = 0;
  header.lsns = 0;
  header.length = static_cast<uint32_t>(kGroupHeaderBytes + body.size() + kTrailerBytes);
  size_t begin = out.size();
  out.resize(begin + kGroupHeaderBytes);
  header.encode(out.data() + begin, segment_salt);
  Encoder tail(out);
  tail.raw(body);
  tail.u32(length);
  tail.u32(crc);
  tail.u64(header.position);
  tail.u64(kSummaryMagic);
}

Task<Result<RewriteSummary>> read_rewrite_summary(Log& log, LogId id, SegmentInfo segment) {
  auto bad = [&] {
    return fail(ErrorCode::corrupt,
                fmt::format("the end of segment {} is not that of rewrite {}", segment.number, segment.rewrite));
  };
  constexpr size_t kLeast = kSegmentHeaderBytes + kGroupHeaderBytes + kTrailerBytes;
  if (segment.bytes < kLeast) co_return bad();
  CO_TRY(Bytes trailer,
         co_await log.read(segment.number, segment.bytes - kTrailerBytes, kTrailerBytes, ReadPattern::scattered));
  Decoder end(trailer.view());
  uint32_t length = end.u32();
  uint32_t crc = end.u32();
  uint64_t position = end.u64();
  if (!end.ok() || end.u64() != kSummaryMagic || length > kSummaryBytesMax) co_return bad();
  uint64_t padded = (uint64_t{length} + 7) & ~uint64_t{7};
  if (position + kGroupHeaderBytes + padded + kTrailerBytes != segment.bytes) co_return bad();
  CO_TRY(Bytes body, co_await log.read(segment.number, position + kGroupHeaderBytes, length, ReadPattern::scattered));
  if (body.size() != length || crc32c(body, segment_salt(id, segment.number, segment.rewrite)) != crc) co_return bad();
  Decoder in(body.view());
  RewriteSummary summary = RewriteSummary::decode(in);
  if (!in.done() || summary.rewrite != segment.rewrite) co_return bad();
  co_return summary;
}

}  // namespace distributary
