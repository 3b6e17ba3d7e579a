#include "stream/checkpoint.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/coding_pieces.h"
#include "base/log.h"

namespace distributary {
namespace {

const Logger checkpoint_logger("checkpoint");
constexpr std::string_view kCheckpointMagic = "DSTRCKP1";
constexpr uint32_t kCheckpointVersion = 2;
constexpr size_t kCheckpointHeaderBytes = 64;
constexpr size_t kManifestBytesMax = 1u << 30;
constexpr uint8_t kIndexKind = 4;
constexpr size_t kBlobsReferencedMax = 4;  // more: the next checkpoint is written whole

std::string checkpoint_blob_name(uint64_t number) { return fmt::format("checkpoint.{:020}", number); }

std::optional<uint64_t> blob_number(const std::string& blob) {
  if (!blob.starts_with("checkpoint.") || blob.size() != 31) return std::nullopt;
  return std::stoull(blob.substr(11));
}

std::vector<uint8_t> encode_index_chunk(SegmentNumber segment, const std::vector<IndexEntry>& entries) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u64(segment);
  out.varint(entries.size());
  for (const IndexEntry& entry : entries) {
    out.varint(entry.key);
    out.zigzag(entry.base_offset);
    out.varint(entry.offsets);
    out.varint(entry.length);
    out.varint(entry.at);
    out.zigzag(entry.max_timestamp);
  }
  return bytes;
}

Status load_index_chunk(ByteView bytes, MemoryIndex& index) {
  Decoder in(bytes);
  SegmentNumber segment = in.u64();
  for (uint64_t count = in.varint(); count > 0 && in.ok(); --count) {
    IndexEntry entry;
    entry.segment = segment;
    entry.key = in.varint();
    entry.base_offset = in.zigzag();
    entry.offsets = static_cast<uint32_t>(in.varint());
    entry.length = static_cast<uint32_t>(in.varint());
    entry.at = in.varint();
    entry.max_timestamp = in.zigzag();
    if (in.ok()) index.add(entry);
  }
  if (!in.done()) return fail(ErrorCode::corrupt, "index chunk is malformed");
  return {};
}

}  // namespace

std::vector<uint8_t> CheckpointManifest::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u64(covered_lsn);
  out.u64(durable_lsn);
  out.u64(segment);
  out.u64(at);
  out.u8(clean ? 1 : 0);
  segments.encode(out);
  out.varint(chunks.size());
  for (const ChunkReference& chunk : chunks) {
    out.u8(chunk.kind);
    out.u32(chunk.index);
    out.u64(chunk.checkpoint);
    out.u64(chunk.position);
    out.u32(chunk.length);
    out.u32(chunk.crc);
  }
  return bytes;
}

Result<CheckpointManifest> CheckpointManifest::decode(ByteView bytes) {
  Decoder in(bytes);
  CheckpointManifest manifest;
  manifest.covered_lsn = in.u64();
  manifest.durable_lsn = in.u64();
  manifest.segment = in.u64();
  manifest.at = in.u64();
  manifest.clean = in.u8() != 0;
  TRY(manifest.segments, SegmentTable::decode(in));
  uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    ChunkReference chunk;
    chunk.kind = in.u8();
    chunk.index = in.u32();
    chunk.checkpoint = in.u64();
    chunk.position = in.u64();
    chunk.length = in.u32();
    chunk.crc = in.u32();
    if (in.ok()) manifest.chunks.push_back(chunk);
  }
  if (!in.done()) return fail(ErrorCode::corrupt, "checkpoint manifest is malformed");
  return manifest;
}

Task<Result<CheckpointManifest>> CheckpointStore::read_manifest(uint64_t number) {
  std::string blob = checkpoint_blob_name(number);
  CO_TRY(Bytes header, co_await log_.read_blob(blob, 0, kCheckpointHeaderBytes));
  bool whole = header.size() == kCheckpointHeaderBytes && as_text(header.view().first(8)) == kCheckpointMagic;
  if (!whole || crc32c(header.view().subspan(12)) != load_le<uint32_t>(header.data() + 8)) {
    co_return fail(ErrorCode::corrupt, fmt::format("{}: header does not match", blob));
  }
  Decoder in(header.view().subspan(12));
  if (in.u32() != kCheckpointVersion) co_return fail(ErrorCode::unsupported, fmt::format("{}: unknown version", blob));
  bool ours = get_uuid(in) == id_.stream && in.u32() == id_.lane;
  uint32_t length = in.u32();
  ours = ours && in.u64() == number;
  uint32_t crc = in.u32();
  if (!ours || length > kManifestBytesMax)
    co_return fail(ErrorCode::corrupt, fmt::format("{}: belongs to another log", blob));
  CO_TRY(Bytes bytes, co_await log_.read_blob(blob, kCheckpointHeaderBytes, length));
  if (bytes.size() != length || crc32c(bytes) != crc)
    co_return fail(ErrorCode::corrupt, fmt::format("{}: manifest does not match", blob));
  CO_TRY(CheckpointManifest manifest, CheckpointManifest::decode(bytes));
  manifest.number = number;
  co_return manifest;
}

Task<Status> CheckpointStore::load_chunks(const CheckpointManifest& manifest, StreamState& state, MemoryIndex& index) {
  // Chunks lie together in few blobs: one read for each blob's whole chunk area.
  std::map<uint64_t, Bytes> blobs;
  for (const auto& chunk : manifest.chunks) {
    std::string blob = checkpoint_blob_name(chunk.checkpoint);
    if (!blobs.contains(chunk.checkpoint)) {
      CO_TRY(uint64_t size, co_await log_.blob_size(blob));
      CO_TRY(Bytes bytes, co_await log_.read_blob(blob, 0, size));
      blobs.emplace(chunk.checkpoint, std::move(bytes));
    }
    const Bytes& bytes = blobs[chunk.checkpoint];
    bool inside = chunk.position <= bytes.size() && chunk.length <= bytes.size() - chunk.position;
    if (!inside || crc32c(bytes.view().subspan(chunk.position, chunk.length)) != chunk.crc) {
      co_return fail(ErrorCode::corrupt,
                     fmt::format("{}: chunk at {} does not match its checksum", blob, chunk.position));
    }
    ByteView body = bytes.view().subspan(chunk.position, chunk.length);
    if (chunk.kind == kIndexKind) {
      CO_TRY_STATUS(load_index_chunk(body, index));
    } else {
      CO_TRY_STATUS(state.load_chunk({static_cast<StateChunk::Kind>(chunk.kind), chunk.index}, body));
    }
  }
  co_return Status{};
}

Task<Result<std::optional<CheckpointManifest>>> CheckpointStore::load(StreamState& state, LogIndex& index) {
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  std::vector<uint64_t> numbers;
  for (const std::string& blob : blobs) {
    if (auto number = blob_number(blob)) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  if (!numbers.empty()) last_number_ = numbers.front();
  for (uint64_t number : numbers) {
    auto manifest = co_await read_manifest(number);
    if (manifest) {
      StreamState loaded;
      MemoryIndex loaded_index;
      Status chunks = co_await load_chunks(*manifest, loaded, loaded_index);
      if (chunks) {
        state = std::move(loaded);
        state.clear_dirty();
        for (SegmentNumber segment : loaded_index.segments()) indexed_[segment] = loaded_index.entry_count(segment);
        index.set_memory(std::move(loaded_index));
        kept_ = {*manifest};
        co_return std::move(*manifest);
      }
      manifest = fail(chunks.error());
    }
    if (manifest.error().code == ErrorCode::cancelled) co_return fail(manifest.error());
    checkpoint_logger.warn("checkpoint cannot be used; going on with an older one or the whole log",
                           {{"log", to_string(id_)}, {"checkpoint", number}, {"why", manifest.error().message}});
  }
  co_return std::nullopt;
}

void CheckpointStore::add_chunk(Prepared& prepared, uint8_t kind, uint32_t index, ByteView bytes) {
  std::erase_if(prepared.manifest.chunks,
                [&](const auto& chunk) { return chunk.kind == kind && chunk.index == index; });
  prepared.manifest.chunks.push_back({kind, index, prepared.manifest.number, prepared.chunk_bytes.size(),
                                      static_cast<uint32_t>(bytes.size()), crc32c(bytes)});
  prepared.chunk_bytes.insert(prepared.chunk_bytes.end(), bytes.begin(), bytes.end());
}

void CheckpointStore::add_index_chunks(Prepared& prepared, const LogIndex& index) {
  uint32_t next = 0;
  for (const auto& chunk : prepared.manifest.chunks) {
    if (chunk.kind == kIndexKind) next = std::max(next, chunk.index + 1);
  }
  for (SegmentNumber segment : index.memory().segments()) {
    size_t have = indexed_.contains(segment) ? indexed_[segment] : 0;
    std::vector<IndexEntry> entries = index.memory().entries(segment, have);
    indexed_[segment] = have + entries.size();
    if (!entries.empty()) add_chunk(prepared, kIndexKind, next++, encode_index_chunk(segment, entries));
  }
}

CheckpointStore::Prepared CheckpointStore::prepare(CheckpointManifest manifest, StreamState& state,
                                                   const LogIndex& index) {
  Prepared prepared;
  prepared.manifest = std::move(manifest);
  prepared.manifest.number = ++last_number_;
  std::vector<SegmentNumber> unsealed = index.memory().segments();
  std::set<uint64_t> blobs;
  bool sealed_since = std::any_of(indexed_.begin(), indexed_.end(), [&](const auto& item) {
    return std::find(unsealed.begin(), unsealed.end(), item.first) == unsealed.end();
  });
  if (!kept_.empty()) {
    prepared.manifest.chunks = kept_.back().chunks;
    for (const auto& chunk : prepared.manifest.chunks) blobs.insert(chunk.checkpoint);
  }
  if (sealed_since) {  // index chunks of sealed segments go, so the row begins anew
    std::erase_if(prepared.manifest.chunks, [](const auto& chunk) { return chunk.kind == kIndexKind; });
    indexed_.clear();
  }
  bool whole = kept_.empty() || unwritten_ || blobs.size() > kBlobsReferencedMax;
  if (whole) {
    prepared.manifest.chunks.clear();
    indexed_.clear();
  }
  for (const StateChunk& chunk : whole ? state.all_chunks() : state.dirty_chunks()) {
    add_chunk(prepared, static_cast<uint8_t>(chunk.kind), chunk.index, state.encode_chunk(chunk));
  }
  add_index_chunks(prepared, index);
  state.clear_dirty();
  unwritten_ = true;
  return prepared;
}

Task<Status> CheckpointStore::write(Prepared prepared) {
  uint64_t number = prepared.manifest.number;
  // Positions of new chunks are relative until the manifest's length is known; it does not depend on their values.
  uint64_t base = kCheckpointHeaderBytes + prepared.manifest.encode().size();
  for (auto& chunk : prepared.manifest.chunks) {
    if (chunk.checkpoint == number) chunk.position += base;
  }
  std::vector<uint8_t> manifest = prepared.manifest.encode();
  std::vector<uint8_t> blob;
  Encoder out(blob);
  out.raw(as_bytes(kCheckpointMagic));
  out.u32(0);
  out.u32(kCheckpointVersion);
  out.raw(id_.stream.view());
  out.u32(id_.lane);
  out.u32(static_cast<uint32_t>(manifest.size()));
  out.u64(number);
  out.u32(crc32c(manifest));
  blob.resize(kCheckpointHeaderBytes);
  store_le(blob.data() + 8, crc32c(ByteView(blob).subspan(12)));
  out.raw(manifest);
  out.raw(prepared.chunk_bytes);
  uint32_t crc = crc32c(blob);
  Bytes bytes(std::move(blob));
  CO_TRY_STATUS(co_await log_.put_blob(checkpoint_blob_name(number), bytes));
  CO_TRY(Bytes back, co_await log_.read_blob(checkpoint_blob_name(number), 0, bytes.size()));
  if (crc32c(back) != crc)
    co_return fail(ErrorCode::corrupt, fmt::format("{} reads back differently", checkpoint_blob_name(number)));
  unwritten_ = false;
  kept_.push_back(std::move(prepared.manifest));
  if (kept_.size() > 2) kept_.erase(kept_.begin());
  co_return co_await remove_unneeded();
}

Task<Status> CheckpointStore::remove_unneeded() {
  if (kept_.size() < 2) co_return Status{};
  std::set<uint64_t> needed;
  for (const CheckpointManifest& manifest : kept_) {
    needed.insert(manifest.number);
    for (const auto& chunk : manifest.chunks) needed.insert(chunk.checkpoint);
  }
  CO_TRY(std::vector<std::string> blobs, co_await log_.list_blobs());
  for (const std::string& blob : blobs) {
    auto number = blob_number(blob);
    if (number && !needed.contains(*number)) CO_TRY_STATUS(co_await log_.remove_blob(blob));
  }
  co_return Status{};
}

}  // namespace distributary
