#include "broker/group_snapshot.h"

#include "broker/snapshot_coding.h"

namespace distributary {

using namespace snapshot_coding;

namespace {

constexpr size_t kMemberBytesMin = 9;

void put_member(Encoder& out, const GroupMember& member) {
  out.text(member.id);
  put_optional(out, member.instance_id);
  out.text(member.client_id);
  out.text(member.client_host);
  put_millis(out, member.session_timeout);
  put_millis(out, member.rebalance_timeout);
  put_protocols(out, member.protocols);
  out.u8(member.topic_names ? 1 : 0);
  if (member.topic_names) put_texts(out, *member.topic_names);
  out.bytes(member.assignment);
}

GroupMember get_member(Decoder& in) {
  GroupMember member;
  member.id = in.text();
  member.instance_id = get_optional(in);
  member.client_id = in.text();
  member.client_host = in.text();
  member.session_timeout = get_millis(in);
  member.rebalance_timeout = get_millis(in);
  member.protocols = get_protocols(in);
  if (get_flag(in)) member.topic_names = get_texts(in);
  member.assignment = Bytes::copy(in.bytes());
  return member;
}

bool plausible(const GroupSnapshot& snapshot) {
  return snapshot.generation >= 0 && snapshot.generation <= kEpochMax && !snapshot.protocol_type.empty() &&
         snapshot.members.contains(snapshot.leader);
}

}  // namespace

std::optional<SnapshotKind> snapshot_kind(ByteView bytes) {
  if (bytes.size() < 2 || bytes[0] != kGroupSnapshotVersion) return std::nullopt;
  const auto kind = static_cast<SnapshotKind>(bytes[1]);
  if (kind != SnapshotKind::classic && kind != SnapshotKind::consumer) return std::nullopt;
  return kind;
}

std::string encode_snapshot(const GroupSnapshot& snapshot) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  put_header(out, SnapshotKind::classic);
  out.text(snapshot.protocol_type);
  out.text(snapshot.protocol_name);
  out.zigzag(snapshot.generation);
  out.text(snapshot.leader);
  put_members(out, snapshot.members, put_member);
  return finished(bytes);
}

Result<GroupSnapshot> decode_group_snapshot(ByteView bytes) {
  Decoder in(bytes);
  get_header(in, SnapshotKind::classic);
  GroupSnapshot snapshot;
  snapshot.protocol_type = in.text();
  snapshot.protocol_name = in.text();
  snapshot.generation = get_int32(in);
  snapshot.leader = in.text();
  snapshot.members = get_members(in, kMemberBytesMin, get_member);
  if (in.done() && plausible(snapshot)) return snapshot;
  return fail(ErrorCode::corrupt, "what is kept of a group is malformed");
}

}  // namespace distributary
