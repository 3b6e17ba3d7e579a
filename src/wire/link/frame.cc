#include "wire/link/frame.h"

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace distributary {

namespace {

constexpr uint32_t kMagic = 0x4b4e4c44;  // "DLNK"
constexpr size_t kChecksumAt = 4;
constexpr size_t kLengthAt = 8;
constexpr size_t kTypeAt = 12;
constexpr size_t kFlagsAt = 13;
constexpr size_t kVersionAt = 14;

bool is_type(uint8_t type) {
  return type >= static_cast<uint8_t>(FrameType::hello) && type <= static_cast<uint8_t>(FrameType::stopped);
}

}  // namespace

std::string_view to_string(FrameType type) {
  switch (type) {
    case FrameType::hello: return "hello";
    case FrameType::join: return "join";
    case FrameType::welcome: return "welcome";
    case FrameType::joined: return "joined";
    case FrameType::refused: return "refused";
    case FrameType::entries: return "entries";
    case FrameType::acknowledged: return "acknowledged";
    case FrameType::heartbeat: return "heartbeat";
    case FrameType::stopped: return "stopped";
  }
  return "unknown";
}

size_t frame_bytes_max(FrameType type) {
  switch (type) {
    case FrameType::hello:
    case FrameType::join: return kHelloFrameBytesMax;
    case FrameType::welcome:
    case FrameType::acknowledged: return kPositionsFrameBytesMax;
    case FrameType::entries: return kEntriesFrameBytesMax;
    default: return kSmallFrameBytesMax;
  }
}

Result<FrameHeader> parse_frame_header(ByteView header) {
  CHECK(header.size() == kFrameHeaderBytes);
  if (load_le<uint32_t>(header.data()) != kMagic) {
    return fail(ErrorCode::corrupt,
                "not a frame of the link protocol: the other side speaks something else, or bytes were lost");
  }
  uint8_t type = header[kTypeAt];
  uint16_t version = load_le<uint16_t>(header.data() + kVersionAt);
  if (version != kLinkVersion) {
    return fail(ErrorCode::unsupported, "a frame has version " + std::to_string(version) +
                                            " of the link protocol, this build speaks " + std::to_string(kLinkVersion));
  }
  if (!is_type(type)) return fail(ErrorCode::unsupported, "a frame has the unknown type " + std::to_string(type));
  if (header[kFlagsAt] != 0) return fail(ErrorCode::unsupported, "a frame has unknown flags");
  FrameHeader out{load_le<uint32_t>(header.data() + kChecksumAt), load_le<uint32_t>(header.data() + kLengthAt),
                  static_cast<FrameType>(type)};
  if (out.length < kFrameHeaderBytes) return fail(ErrorCode::corrupt, "a frame claims to be shorter than its header");
  if (out.length > frame_bytes_max(out.type)) {
    return fail(ErrorCode::too_large, "a frame of type " + std::string(to_string(out.type)) + " claims " +
                                          std::to_string(out.length) + " bytes; at most " +
                                          std::to_string(frame_bytes_max(out.type)) + " are allowed");
  }
  return out;
}

Status check_frame(ByteView frame) {
  CHECK(frame.size() >= kFrameHeaderBytes);
  if (load_le<uint32_t>(frame.data() + kChecksumAt) == crc32c(frame.subspan(kLengthAt))) return {};
  return fail(ErrorCode::corrupt, "a frame does not match its checksum");
}

std::vector<uint8_t> begin_frame(FrameType type) {
  std::vector<uint8_t> out(kFrameHeaderBytes, 0);
  store_le(out.data(), kMagic);
  out[kTypeAt] = static_cast<uint8_t>(type);
  store_le(out.data() + kVersionAt, kLinkVersion);
  return out;
}

void finish_frame(std::vector<uint8_t>& frame) { finish_frame(frame, {}); }

void finish_frame(std::vector<uint8_t>& head, const std::vector<Bytes>& rest) {
  size_t length = head.size();
  for (const Bytes& piece : rest) length += piece.size();
  CHECK(length <= frame_bytes_max(static_cast<FrameType>(head[kTypeAt])));
  store_le(head.data() + kLengthAt, static_cast<uint32_t>(length));
  uint32_t checksum = crc32c(ByteView(head).subspan(kLengthAt));
  for (const Bytes& piece : rest) checksum = crc32c(piece, checksum);
  store_le(head.data() + kChecksumAt, checksum);
}

}  // namespace distributary
