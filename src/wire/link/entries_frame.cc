#include "wire/link/entries_frame.h"

#include "base/check.h"
#include "base/coding.h"

namespace distributary {

namespace {
constexpr size_t kFixedBytes = 8 + 4;
constexpr size_t kLengthBytes = 4;
}  // namespace

size_t entries_frame_overhead(size_t count) { return kFrameHeaderBytes + kFixedBytes + kLengthBytes * count; }

size_t entries_frame_bytes(const std::vector<Bytes>& contents) {
  size_t bytes = entries_frame_overhead(contents.size());
  for (const Bytes& content : contents) bytes += content.size();
  return bytes;
}

std::vector<Bytes> encode_entries(uint64_t number, std::vector<Bytes> contents) {
  CHECK(!contents.empty() && contents.size() <= kEntriesPerFrameMax);
  std::vector<uint8_t> head = begin_frame(FrameType::entries);
  head.reserve(entries_frame_overhead(contents.size()));
  Encoder out(head);
  out.u64(number);
  out.u32(static_cast<uint32_t>(contents.size()));
  for (const Bytes& content : contents) out.u32(static_cast<uint32_t>(content.size()));
  finish_frame(head, contents);
  contents.insert(contents.begin(), Bytes(std::move(head)));
  return contents;
}

Result<EntriesFrame> EntriesFrame::decode(ByteView body) {
  Decoder in(body);
  EntriesFrame out;
  out.number = in.u64();
  uint32_t count = in.u32();
  if (count > kEntriesPerFrameMax) {
    return fail(ErrorCode::too_large, "a frame claims " + std::to_string(count) + " entries; at most " +
                                          std::to_string(kEntriesPerFrameMax) + " are allowed");
  }
  if (!in.ok() || count == 0 || out.number == 0) return fail(ErrorCode::corrupt, "a frame of entries is cut or empty");
  Decoder lengths(in.raw(size_t{count} * kLengthBytes));
  if (!in.ok()) return fail(ErrorCode::corrupt, "a frame of entries is shorter than its table of lengths");
  out.contents.reserve(count);
  for (uint32_t i = 0; i < count; ++i) out.contents.push_back(in.raw(lengths.u32()));
  if (!in.done()) return fail(ErrorCode::corrupt, "a frame of entries does not add up to its length");
  return out;
}

}  // namespace distributary
