#include "wire/link/messages.h"

#include "base/check.h"
#include "base/coding_pieces.h"
#include "model/path.h"

namespace distributary {

namespace {

constexpr uint8_t kRoleSource = 1;
constexpr size_t kHeldPositionBytes = 16 + 4 + 8 + 16;

Status ended(const Decoder& in, FrameType type) {
  if (in.done()) return {};
  return fail(ErrorCode::corrupt, "a frame of type " + std::string(to_string(type)) +
                                      (in.ok() ? " has bytes left over" : " is shorter than what it must hold"));
}

// A text of at most `bytes_max`; longer ones fail the decoder.
std::string read_text(Decoder& in, size_t bytes_max) {
  ByteView bytes = in.bytes();
  if (bytes.size() > bytes_max) in.fail();
  return in.ok() ? std::string(as_text(bytes)) : std::string();
}

void write_positions(Encoder& out, const std::vector<HeldPosition>& positions) {
  CHECK(positions.size() <= kOriginsMax);
  out.varint(positions.size());
  for (const HeldPosition& held : positions) {
    out.raw(held.origin.stream.view());
    out.u32(held.origin.incarnation);
    out.u64(held.lsn);
    out.u64(held.chain.low);
    out.u64(held.chain.high);
  }
}

Result<std::vector<HeldPosition>> read_positions(Decoder& in) {
  uint64_t count = in.varint();
  if (count > kOriginsMax) {
    return fail(ErrorCode::too_large, "a list of positions claims " + std::to_string(count) + " origins; at most " +
                                          std::to_string(kOriginsMax) + " are allowed");
  }
  if (!in.ok() || count * kHeldPositionBytes > in.remaining())
    return fail(ErrorCode::corrupt, "a list of positions is cut");
  std::vector<HeldPosition> out;
  out.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    HeldPosition held;
    held.origin.stream = get_uuid(in);
    held.origin.incarnation = in.u32();
    held.lsn = in.u64();
    held.chain.low = in.u64();
    held.chain.high = in.u64();
    if (!out.empty() && !(out.back().origin < held.origin)) {
      return fail(ErrorCode::corrupt, "a list of positions is not in ascending order");
    }
    out.push_back(held);
  }
  return out;
}

}  // namespace

std::vector<uint8_t> Hello::encode() const {
  std::vector<uint8_t> frame = begin_frame(FrameType::hello);
  Encoder out(frame);
  out.u16(version_oldest);
  out.u16(version_newest);
  out.u8(kRoleSource);
  out.u8(static_cast<uint8_t>(mode));
  out.u16(connections);
  out.raw(session.view());
  out.raw(source.stream.view());
  out.u32(source.incarnation);
  out.u32(lane);
  out.u64(storage_epoch);
  out.raw(replica.view());
  out.raw(copy.view());
  out.text(source_cluster);
  out.text(source_path);
  out.text(replica_cluster);
  out.text(replica_path);
  out.text(grant);
  finish_frame(frame);
  return frame;
}

Result<Hello> Hello::decode(ByteView body) {
  Decoder in(body);
  Hello out;
  out.version_oldest = in.u16();
  out.version_newest = in.u16();
  uint8_t role = in.u8();
  uint8_t mode = in.u8();
  out.connections = in.u16();
  out.session = get_uuid(in);
  out.source.stream = get_uuid(in);
  out.source.incarnation = in.u32();
  out.lane = in.u32();
  out.storage_epoch = in.u64();
  out.replica = get_uuid(in);
  out.copy = get_uuid(in);
  out.source_cluster = read_text(in, kClusterNameBytesMax);
  out.source_path = read_text(in, kPathBytesMax);
  out.replica_cluster = read_text(in, kClusterNameBytesMax);
  out.replica_path = read_text(in, kPathBytesMax);
  out.grant = read_text(in, kGrantBytesMax);
  // What a later version may say after this is not ours to judge.
  if (!in.ok()) return fail(ErrorCode::corrupt, "a hello is cut, or a name in it is too long");
  if (out.version_oldest > out.version_newest)
    return fail(ErrorCode::corrupt, "a hello has an empty range of versions");
  if (role != kRoleSource)
    return fail(ErrorCode::unsupported, "a hello of role " + std::to_string(role) + " is not known");
  if (mode != static_cast<uint8_t>(LinkMode::replicate) && mode != static_cast<uint8_t>(LinkMode::copy)) {
    return fail(ErrorCode::unsupported, "a hello of mode " + std::to_string(mode) + " is not known");
  }
  out.mode = static_cast<LinkMode>(mode);
  if (out.connections < 1 || out.connections > kLinkConnectionsMax) {
    return fail(ErrorCode::too_large, "a hello announces " + std::to_string(out.connections) + " connections; 1 to " +
                                          std::to_string(kLinkConnectionsMax) + " are allowed");
  }
  if (out.lane != 0)
    return fail(ErrorCode::unsupported, "a hello is for lane " + std::to_string(out.lane) + "; only 0 is known");
  if (out.session.is_nil() || out.source.stream.is_nil() || out.replica.is_nil()) {
    return fail(ErrorCode::corrupt, "a hello has an empty session or stream id");
  }
  return out;
}

std::vector<uint8_t> Join::encode() const {
  std::vector<uint8_t> frame = begin_frame(FrameType::join);
  Encoder out(frame);
  out.raw(session.view());
  out.u16(index);
  finish_frame(frame);
  return frame;
}

Result<Join> Join::decode(ByteView body) {
  Decoder in(body);
  Join out;
  out.session = get_uuid(in);
  out.index = in.u16();
  TRY_STATUS(ended(in, FrameType::join));
  if (out.index >= kLinkConnectionsMax)
    return fail(ErrorCode::too_large, "a join has a connection index that is too large");
  return out;
}

std::vector<uint8_t> Welcome::encode() const {
  std::vector<uint8_t> frame = begin_frame(FrameType::welcome);
  Encoder out(frame);
  out.u16(version);
  out.u64(window);
  out.u32(frame_bytes_max);
  write_positions(out, positions);
  finish_frame(frame);
  return frame;
}

Result<Welcome> Welcome::decode(ByteView body) {
  Decoder in(body);
  Welcome out;
  out.version = in.u16();
  out.window = in.u64();
  out.frame_bytes_max = in.u32();
  TRY(out.positions, read_positions(in));
  TRY_STATUS(ended(in, FrameType::welcome));
  return out;
}

std::vector<uint8_t> Acknowledged::encode() const {
  std::vector<uint8_t> frame = begin_frame(FrameType::acknowledged);
  Encoder out(frame);
  out.u64(next_frame);
  out.u64(window);
  write_positions(out, positions);
  finish_frame(frame);
  return frame;
}

Result<Acknowledged> Acknowledged::decode(ByteView body) {
  Decoder in(body);
  Acknowledged out;
  out.next_frame = in.u64();
  out.window = in.u64();
  TRY(out.positions, read_positions(in));
  TRY_STATUS(ended(in, FrameType::acknowledged));
  return out;
}

std::vector<uint8_t> Heartbeat::encode() const {
  std::vector<uint8_t> frame = begin_frame(FrameType::heartbeat);
  Encoder out(frame);
  out.u64(durable_bytes);
  out.u64(durable_records);
  out.u64(acknowledged_bytes);
  out.u64(acknowledged_records);
  out.i64(now);
  finish_frame(frame);
  return frame;
}

Result<Heartbeat> Heartbeat::decode(ByteView body) {
  Decoder in(body);
  Heartbeat out;
  out.durable_bytes = in.u64();
  out.durable_records = in.u64();
  out.acknowledged_bytes = in.u64();
  out.acknowledged_records = in.u64();
  out.now = in.i64();
  TRY_STATUS(ended(in, FrameType::heartbeat));
  return out;
}

std::vector<uint8_t> Ending::encode(FrameType type) const {
  CHECK(type == FrameType::refused || type == FrameType::stopped);
  std::vector<uint8_t> frame = begin_frame(type);
  Encoder out(frame);
  out.u16(static_cast<uint16_t>(code));
  out.text(std::string_view(message).substr(0, kLinkMessageBytesMax));
  finish_frame(frame);
  return frame;
}

Result<Ending> Ending::decode(ByteView body) {
  Decoder in(body);
  uint16_t number = in.u16();
  Ending out;
  out.message = read_text(in, kLinkMessageBytesMax);
  TRY_STATUS(ended(in, FrameType::stopped));
  std::optional<LinkErrorCode> code = link_error_from_wire(number);
  if (!code)
    return fail(ErrorCode::unsupported, "the other side ended with the unknown code " + std::to_string(number));
  out.code = *code;
  return out;
}

std::vector<uint8_t> encode_joined() {
  std::vector<uint8_t> frame = begin_frame(FrameType::joined);
  finish_frame(frame);
  return frame;
}

Status decode_joined(ByteView body) { return ended(Decoder(body), FrameType::joined); }

}  // namespace distributary
