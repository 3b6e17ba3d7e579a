#include "stream/index_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "base/checksum.h"
#include "base/coding_pieces.h"

namespace distributary {
namespace {

constexpr std::string_view kKind = "index";
constexpr std::string_view kRewrittenKind = "rewritten";
constexpr std::string_view kRunMagic = "DSTRIDX1";
constexpr std::string_view kFooterMagic = "DSTRIDXF";
constexpr uint32_t kRunVersion = 1;
constexpr size_t kRunHeaderBytes = 64;
constexpr size_t kFooterBytes = 32;
constexpr size_t kPlaceBytes = 28;

// They wrap around: timestamps are a client's, and a damaged run may say anything.
int64_t difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t sum(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }

void put_entry(Encoder& out, const IndexEntry& entry, const IndexEntry& previous) {
  out.varint(entry.key - previous.key);
  out.zigzag(entry.key == previous.key ? entry.base_offset - previous.end_offset() : entry.base_offset);
  out.varint(entry.offsets);
  out.zigzag(static_cast<int64_t>(entry.segment - previous.segment));
  out.zigzag(static_cast<int64_t>(entry.at / 8) - static_cast<int64_t>(previous.at / 8));
  out.varint(entry.length / 8);
  out.zigzag(difference(entry.max_timestamp, previous.max_timestamp));
}

IndexEntry get_entry(Decoder& in, const IndexEntry& previous) {
  IndexEntry entry;
  entry.key = previous.key + in.varint();
  const Offset follows = entry.key == previous.key ? previous.end_offset() : 0;
  entry.base_offset = sum(follows, in.zigzag());
  entry.offsets = static_cast<uint32_t>(in.varint());
  if (Offset end = 0; __builtin_add_overflow(entry.base_offset, entry.offsets, &end)) {
    in.fail();
    return {};
  }
  entry.segment = previous.segment + static_cast<uint64_t>(in.zigzag());
  entry.at = (previous.at / 8 + static_cast<uint64_t>(in.zigzag())) * 8;
  entry.length = static_cast<uint32_t>(in.varint() * 8);
  entry.max_timestamp = sum(previous.max_timestamp, in.zigzag());
  return entry;
}

Error damaged(const std::string& blob, std::string_view what) {
  return Error{ErrorCode::corrupt, fmt::format("index {}: {}", blob, what)};
}

}  // namespace

std::string IndexRunName::part(uint32_t part) const {
  std::string name = fmt::format("{}.{:020}.{:020}.{:04}", of_rewrite ? kRewrittenKind : kKind, first, last, part);
  if (rewrite > 0) name += fmt::format(".{:010}", rewrite);
  return name;
}

bool IndexRunName::parse(const std::string& blob, IndexRunName& name, uint32_t& part) {
  constexpr size_t kPlain = 1 + 20 + 1 + 20 + 1 + 4;
  name.of_rewrite = blob.starts_with(kRewrittenKind);
  size_t kind = name.of_rewrite ? kRewrittenKind.size() : kKind.size();
  bool rewritten = blob.size() == kind + kPlain + 11;
  if ((!name.of_rewrite && !blob.starts_with(kKind)) || (blob.size() != kind + kPlain && !rewritten)) return false;
  bool digits = std::all_of(blob.begin() + static_cast<std::ptrdiff_t>(kind), blob.end(),
                            [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  if (!digits || blob[kind + 1] == '.' || blob[kind + 22] == '.' || blob[kind + 43] == '.') return false;
  name.first = std::strtoull(blob.c_str() + kind + 1, nullptr, 10);
  name.last = std::strtoull(blob.c_str() + kind + 22, nullptr, 10);
  part = static_cast<uint32_t>(std::strtoul(blob.c_str() + kind + 43, nullptr, 10));
  name.rewrite = rewritten ? static_cast<RewriteNumber>(std::strtoul(blob.c_str() + kind + 48, nullptr, 10)) : 0;
  return name.part(part) == blob;
}

IndexPartWriter::IndexPartWriter(LogId log, IndexRunName name, uint32_t part) : log_(log), name_(name), part_(part) {
  bytes_.resize(kRunHeaderBytes);
}

void IndexPartWriter::add(const IndexEntry& entry) {
  if (block_.empty()) {
    block_.resize(8);
    first_in_block_ = entry;
    previous_ = IndexEntry{};
  }
  Encoder out(block_);
  put_entry(out, entry, previous_);
  previous_ = entry;
  ++entries_;
  if (block_.size() >= kIndexBlockBytes) cut_block();
}

void IndexPartWriter::cut_block() {
  if (block_.empty()) return;
  store_le(block_.data() + 4, static_cast<uint32_t>(block_.size() - 8));
  store_le(block_.data(), crc32c(ByteView(block_).subspan(4)));
  directory_.push_back(
      {first_in_block_.key, first_in_block_.base_offset, bytes_.size(), static_cast<uint32_t>(block_.size())});
  bytes_.insert(bytes_.end(), block_.begin(), block_.end());
  block_.clear();
}

Bytes IndexPartWriter::finish(bool last_part) {
  cut_block();
  std::vector<uint8_t> header;
  Encoder out(header);
  out.raw(as_bytes(kRunMagic));
  out.u32(0);
  out.u32(kRunVersion);
  out.raw(log_.stream.view());
  out.u32(log_.lane);
  out.u32(part_);
  out.u64(name_.first);
  out.u64(name_.last);
  out.u32(last_part ? 1 : 0);
  out.u32(name_.rewrite);
  store_le(header.data() + 8, crc32c(ByteView(header).subspan(12)));
  std::copy(header.begin(), header.end(), bytes_.begin());

  uint64_t position = bytes_.size();
  Encoder tail(bytes_);
  for (const BlockPlace& place : directory_) {
    tail.u64(place.key);
    tail.i64(place.base_offset);
    tail.u64(place.position);
    tail.u32(place.length);
  }
  uint32_t crc = crc32c(ByteView(bytes_).subspan(position));
  tail.u64(position);
  tail.u32(static_cast<uint32_t>(directory_.size()));
  tail.u32(crc);
  tail.u64(entries_);
  tail.raw(as_bytes(kFooterMagic));
  return Bytes(std::move(bytes_));
}

Task<Result<std::unique_ptr<IndexRun>>> IndexRun::open(Log& log, LogId id, IndexRunName name) {
  std::unique_ptr<IndexRun> run(new IndexRun(log, name));
  for (bool ended = false; !ended;) {
    CO_TRY(bool was_last, co_await run->open_part(id, static_cast<uint32_t>(run->parts_)));
    ++run->parts_;
    ended = was_last;
  }
  co_return run;
}

Task<Result<bool>> IndexRun::open_part(LogId id, uint32_t part) {
  std::string blob = name_.part(part);
  CO_TRY(uint64_t size, co_await log_.blob_size(blob));
  if (size < kRunHeaderBytes + kFooterBytes) co_return fail(damaged(blob, "cut short"));
  CO_TRY(Bytes header, co_await log_.read_blob(blob, 0, kRunHeaderBytes));
  CO_TRY(Bytes footer, co_await log_.read_blob(blob, size - kFooterBytes, kFooterBytes));
  if (header.size() != kRunHeaderBytes || footer.size() != kFooterBytes) co_return fail(damaged(blob, "cut short"));
  bool magics = as_text(header.view().first(8)) == kRunMagic && as_text(footer.view().last(8)) == kFooterMagic;
  if (!magics || crc32c(header.view().subspan(12)) != load_le<uint32_t>(header.data() + 8)) {
    co_return fail(damaged(blob, "header or footer does not match"));
  }
  Decoder in(header.view().subspan(12));
  if (in.u32() != kRunVersion)
    co_return fail(ErrorCode::unsupported, fmt::format("index {} has an unknown version", blob));
  bool ours = get_uuid(in) == id.stream && in.u32() == id.lane && in.u32() == part && in.u64() == name_.first &&
              in.u64() == name_.last;
  bool last_part = in.u32() != 0;
  if (!ours || in.u32() != name_.rewrite) co_return fail(damaged(blob, "belongs to another log or run"));

  Decoder end(footer);
  uint64_t position = end.u64();
  uint64_t count = end.u32();
  uint32_t crc = end.u32();
  if (position > size || position + count * kPlaceBytes + kFooterBytes != size)
    co_return fail(damaged(blob, "directory is misplaced"));
  CO_TRY(Bytes directory, co_await log_.read_blob(blob, position, count * kPlaceBytes));
  if (directory.size() != count * kPlaceBytes || crc32c(directory) != crc)
    co_return fail(damaged(blob, "directory does not match"));
  Decoder places(directory);
  for (uint64_t i = 0; i < count; ++i) {
    IndexKey key = places.u64();
    Offset base = places.i64();
    uint64_t at = places.u64();
    directory_.push_back({key, base, at, places.u32(), part});
  }
  co_return last_part;
}

size_t IndexRun::seek_block(IndexKey key, Offset from) const {
  auto after = std::upper_bound(
      directory_.begin(), directory_.end(), std::pair(key, from),
      [](const auto& wanted, const BlockPlace& place) { return wanted < std::pair(place.key, place.base_offset); });
  return after == directory_.begin() ? 0 : static_cast<size_t>(after - directory_.begin()) - 1;
}

Task<Result<std::vector<IndexEntry>>> IndexRun::read_block(size_t block) {
  const BlockPlace place = directory_[block];
  std::string blob = name_.part(place.part);
  CO_TRY(Bytes bytes, co_await log_.read_blob(blob, place.position, place.length));
  bool good = bytes.size() == place.length && place.length >= 8 &&
              crc32c(bytes.view().subspan(4)) == load_le<uint32_t>(bytes.data()) &&
              load_le<uint32_t>(bytes.data() + 4) == place.length - 8;
  if (!good) co_return fail(damaged(blob, fmt::format("block at {} does not match its checksum", place.position)));
  Decoder in(bytes.view().subspan(8));
  std::vector<IndexEntry> entries;
  IndexEntry previous;
  while (in.ok() && in.remaining() > 0) {
    previous = get_entry(in, previous);
    entries.push_back(previous);
  }
  if (!in.ok()) co_return fail(damaged(blob, fmt::format("block at {} is malformed", place.position)));
  co_return entries;
}

void IndexRunCursor::pass_others() {
  while (at_ < block_.size() && (block_[at_].segment < first_ || block_[at_].segment > last_)) ++at_;
}

void IndexRunCursor::advance() {
  ++at_;
  pass_others();
}

Task<Result<bool>> IndexRunCursor::load() {
  while (at_ >= block_.size()) {
    if (next_block_ >= run_.blocks()) co_return false;
    CO_TRY(block_, co_await run_.read_block(next_block_++));
    at_ = 0;
    pass_others();
  }
  co_return true;
}

}  // namespace distributary
