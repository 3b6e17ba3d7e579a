#include "stream/damage_notes.h"

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/coding_pieces.h"
#include "base/log.h"
#include "stream/segment_scanner.h"

namespace distributary {
namespace {

const Logger damage_notes_logger("stream");
constexpr std::string_view kNotesMagic = "DSTRDMG1";
constexpr uint32_t kNotesVersion = 1;
constexpr size_t kNotesHeaderBytes = 36;
constexpr size_t kBlobBytesMax = 1u << 20;
const std::string kBlob = "damage";

}  // namespace

std::vector<uint8_t> DamageNotes::encode(const LogId& id, const std::vector<Damage>& damage) {
  std::vector<uint8_t> blob;
  Encoder out(blob);
  out.raw(as_bytes(kNotesMagic));
  out.u32(0);
  out.u32(kNotesVersion);
  out.raw(id.stream.view());
  out.u32(id.lane);
  for (const Damage& one : damage) {
    out.u64(one.segment);
    out.u64(one.at);
    out.u64(one.first_lsn);
    out.u64(one.last_lsn);
    out.text(one.what);
  }
  store_le(blob.data() + 8, crc32c(ByteView(blob).subspan(12)));
  return blob;
}

Result<std::vector<Damage>> DamageNotes::decode(const LogId& id, ByteView blob) {
  const bool ours = blob.size() >= kNotesHeaderBytes && as_text(blob.first(8)) == kNotesMagic &&
                    crc32c(blob.subspan(12)) == load_le<uint32_t>(blob.data() + 8);
  if (!ours) return fail(ErrorCode::corrupt, "the notes of earlier damage do not match their checksum");
  Decoder in(blob.subspan(12));
  if (in.u32() != kNotesVersion)
    return fail(ErrorCode::unsupported, "the notes of earlier damage have an unknown version");
  if (get_uuid(in) != id.stream || in.u32() != id.lane) {
    return fail(ErrorCode::corrupt, "the notes of earlier damage belong to another log");
  }
  std::vector<Damage> damage;
  while (in.ok() && in.remaining() > 0 && damage.size() < kDamageNotesMax) {
    Damage& one = damage.emplace_back();
    one.segment = in.u64();
    one.at = in.u64();
    one.first_lsn = in.u64();
    one.last_lsn = in.u64();
    one.what = in.text();
  }
  if (!in.done()) return fail(ErrorCode::corrupt, "the notes of earlier damage are malformed");
  return damage;
}

Task<Status> DamageNotes::save(const std::vector<Damage>& damage) {
  Bytes blob(encode(id_, damage));
  std::string name = kBlob;
  co_return co_await log_.put_blob(std::move(name), std::move(blob));
}

Task<Result<bool>> DamageNotes::whole(SegmentNumber number) {
  auto found = std::ranges::find(log_.segments(), number, &SegmentInfo::number);
  if (found == log_.segments().end()) co_return true;  // no longer kept
  SegmentScanner scanner(log_, id_, *found, kSegmentHeaderBytes);
  for (;;) {
    auto group = co_await scanner.next();
    if (!group && group.error().code != ErrorCode::corrupt) co_return fail(group.error());
    if (!group) co_return false;
    if (!*group) co_return true;
    for (size_t offset = kGroupHeaderBytes; offset < (*group)->entries_end();) {
      auto entry = (*group)->entry(offset);
      if (!entry) co_return false;
      offset += entry->length;
    }
  }
}

Task<Result<std::vector<Damage>>> DamageNotes::load() {
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  if (std::ranges::find(blobs, kBlob) == blobs.end()) co_return std::vector<Damage>();
  CO_TRY(uint64_t size, co_await log_.blob_size(kBlob));
  CO_TRY(Bytes blob, co_await log_.read_blob(kBlob, 0, std::min<uint64_t>(size, kBlobBytesMax)));
  auto noted = decode(id_, blob);
  if (!noted && noted.error().code != ErrorCode::corrupt) co_return fail(noted.error());
  std::vector<Damage> damage;
  if (noted) damage = std::move(*noted);
  if (!noted) damage.push_back({0, 0, 0, 0, noted.error().message});
  std::set<SegmentNumber> suspects;
  for (const Damage& one : damage) suspects.insert(one.segment);
  if (suspects.contains(0)) {  // the place is not known
    for (const SegmentInfo& segment : log_.segments()) suspects.insert(segment.number);
  }
  std::set<SegmentNumber> damaged;
  for (SegmentNumber segment : suspects) {
    CO_TRY(bool good, co_await whole(segment));
    if (!good) damaged.insert(segment);
  }
  std::erase_if(damage,
                [&](const Damage& one) { return one.segment == 0 ? damaged.empty() : !damaged.contains(one.segment); });
  if (!damage.empty()) co_return damage;
  damage_notes_logger.info("what was damaged is whole again, or no longer kept", {{"log", to_string(id_)}});
  CO_TRY_STATUS(co_await log_.remove_blob(kBlob));
  co_return damage;
}

}  // namespace distributary
