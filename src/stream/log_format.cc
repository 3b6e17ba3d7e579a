#include "stream/log_format.h"

#include <fmt/core.h>

#include "base/checksum.h"
#include "base/coding_pieces.h"

namespace distributary {
namespace {
constexpr char kSegmentMagic[] = "DSTRLOG1";
constexpr uint32_t kGroupMagic = 0x50524744;  // "DGRP"
}  // namespace

uint32_t segment_salt(const LogId& log, SegmentNumber segment, RewriteNumber rewrite) {
  std::vector<uint8_t> name;
  Encoder out(name);
  out.raw(log.stream.view());
  out.u32(log.lane);
  out.u64(segment);
  if (rewrite > 0) out.u32(rewrite);
  return crc32c(name);
}

void SegmentHeader::encode(std::vector<uint8_t>& out) const {
  size_t begin = out.size();
  Encoder encoder(out);
  encoder.raw(as_bytes(std::string_view(kSegmentMagic, 8)));
  encoder.u32(0);
  encoder.u32(rewrite > 0 ? kRewrittenVersion : kLogVersion);
  encoder.raw(log.stream.view());
  encoder.u32(log.lane);
  encoder.u32(0);
  encoder.u64(number);
  encoder.u64(first_lsn);
  encoder.u64(epoch);
  encoder.i64(created);
  encoder.u64(merged);
  encoder.u32(rewrite);
  out.resize(begin + kSegmentHeaderBytes);
  store_le(out.data() + begin + 8, crc32c(ByteView(out).subspan(begin + 12, kSegmentHeaderBytes - 12)));
}

Result<SegmentHeader> SegmentHeader::parse(ByteView bytes, const LogId& log, const SegmentInfo& segment) {
  SegmentNumber number = segment.number;
  auto bad = [&](std::string_view why) {
    return fail(ErrorCode::corrupt, fmt::format("header of segment {} of log {}: {}", number, to_string(log), why));
  };
  if (bytes.size() < kSegmentHeaderBytes) return bad("cut short");
  if (as_text(bytes.first(8)) != std::string_view(kSegmentMagic, 8)) return bad("wrong magic");
  if (crc32c(bytes.subspan(12, kSegmentHeaderBytes - 12)) != load_le<uint32_t>(bytes.data() + 8))
    return bad("wrong checksum");
  Decoder in(bytes.subspan(12));
  if (uint32_t version = in.u32(); version != (segment.rewrite > 0 ? kRewrittenVersion : kLogVersion)) {
    return fail(ErrorCode::unsupported,
                fmt::format("segment {} of log {} has format version {}; this build knows {}, and {} when rewritten",
                            number, to_string(log), version, kLogVersion, kRewrittenVersion));
  }
  SegmentHeader header;
  header.log.stream = get_uuid(in);
  header.log.lane = in.u32();
  in.u32();
  header.number = in.u64();
  header.first_lsn = in.u64();
  header.epoch = in.u64();
  header.created = in.i64();
  header.merged = in.u64();
  header.rewrite = in.u32();
  bool ours = header.log == log && header.number == number;
  if (!ours || header.merged != segment.merged || header.rewrite != segment.rewrite)
    return bad("belongs to another log or segment");
  return header;
}

void GroupHeader::encode(uint8_t* at, uint32_t salt) const {
  std::memset(at, 0, kGroupHeaderBytes);
  store_le(at, kGroupMagic);
  store_le(at + 8, first_lsn);
  store_le(at + 16, durable_lsn);
  store_le(at + 24, epoch);
  store_le(at + 32, length);
  store_le(at + 36, entries);
  store_le(at + 40, written);
  store_le(at + 48, position);
  store_le(at + 56, lsns);
  store_le(at + 4, crc32c({at + 8, kGroupHeaderBytes - 8}, salt));
}

Result<GroupHeader> GroupHeader::parse(ByteView bytes, uint32_t salt, uint64_t position) {
  if (bytes.size() < kGroupHeaderBytes) return fail(ErrorCode::corrupt, "group header is cut short");
  if (load_le<uint32_t>(bytes.data()) != kGroupMagic) return fail(ErrorCode::corrupt, "no group begins here");
  if (crc32c(bytes.subspan(8, kGroupHeaderBytes - 8), salt) != load_le<uint32_t>(bytes.data() + 4)) {
    return fail(ErrorCode::corrupt, "group header's checksum does not match");
  }
  Decoder in(bytes.subspan(8));
  GroupHeader header;
  header.first_lsn = in.u64();
  header.durable_lsn = in.u64();
  header.epoch = in.u64();
  header.length = in.u32();
  header.entries = in.u32();
  header.written = in.i64();
  header.position = in.u64();
  header.lsns = in.u64();
  if (header.position != position) return fail(ErrorCode::corrupt, "group was written for another place");
  if (header.length < kGroupHeaderBytes || header.length > kGroupBytesMax)
    return fail(ErrorCode::corrupt, "group has an impossible length");
  return header;
}

}  // namespace distributary
