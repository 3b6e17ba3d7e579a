// Pieces that the snapshots of groups of both protocols share. Private to group_snapshot.cc and
// consumer_group_snapshot.cc.
//
// A decoder that meets something impossible makes `in.ok()` false; the caller looks once at the end.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/coding_pieces.h"
#include "broker/group_snapshot.h"

namespace distributary::snapshot_coding {

inline void put_header(Encoder& out, SnapshotKind kind) {
  out.u8(kGroupSnapshotVersion);
  out.u8(static_cast<uint8_t>(kind));
}
inline void get_header(Decoder& in, SnapshotKind kind) {
  if (in.u8() != kGroupSnapshotVersion) in.fail();
  if (in.u8() != static_cast<uint8_t>(kind)) in.fail();
}

// Of generations and epochs: they can still be counted on.
inline constexpr int32_t kEpochMax = 1 << 30;

inline int32_t get_int32(Decoder& in) {
  const int64_t value = in.zigzag();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    in.fail();
    return 0;
  }
  return static_cast<int32_t>(value);
}

inline bool get_flag(Decoder& in) {
  const uint8_t value = in.u8();
  if (value > 1) in.fail();
  return value == 1;
}

// As in requests: 32 bits.
inline void put_millis(Encoder& out, std::chrono::milliseconds value) { out.zigzag(value.count()); }
inline std::chrono::milliseconds get_millis(Decoder& in) { return std::chrono::milliseconds(get_int32(in)); }

inline void put_optional(Encoder& out, const std::optional<std::string>& value) {
  out.u8(value ? 1 : 0);
  if (value) out.text(*value);
}
inline std::optional<std::string> get_optional(Decoder& in) {
  if (!get_flag(in)) return std::nullopt;
  return in.text();
}

inline constexpr size_t kProtocolBytesMin = 2;
inline void put_protocols(Encoder& out, const std::vector<GroupProtocol>& protocols) {
  out.varint(protocols.size());
  for (const GroupProtocol& protocol : protocols) {
    out.text(protocol.name);
    out.bytes(protocol.metadata);
  }
}
inline std::vector<GroupProtocol> get_protocols(Decoder& in) {
  std::vector<GroupProtocol> out(get_count(in, kProtocolBytesMin));
  for (GroupProtocol& protocol : out) {
    protocol.name = in.text();
    protocol.metadata = Bytes::copy(in.bytes());
  }
  return out;
}

inline void put_texts(Encoder& out, const std::vector<std::string>& values) {
  out.varint(values.size());
  for (const std::string& value : values) out.text(value);
}
inline std::vector<std::string> get_texts(Decoder& in) {
  std::vector<std::string> out(get_count(in));
  for (std::string& value : out) value = in.text();
  return out;
}

template <class Member>
void put_members(Encoder& out, const std::map<std::string, Member>& members, void (*put)(Encoder&, const Member&)) {
  out.varint(members.size());
  for (const auto& [id, member] : members) put(out, member);
}

// There are some, each has an id of its own, and no instance is two members. `get` reads one, of `bytes_min` or more.
template <class Member>
std::map<std::string, Member> get_members(Decoder& in, size_t bytes_min, Member (*get)(Decoder&)) {
  std::map<std::string, Member> out;
  std::set<std::string> instances;
  for (size_t left = get_count(in, bytes_min); left > 0 && in.ok(); --left) {
    Member member = get(in);
    if (member.id.empty() || out.contains(member.id)) in.fail();
    if (member.instance_id && !instances.insert(*member.instance_id).second) in.fail();
    std::string id = member.id;
    out.insert_or_assign(std::move(id), std::move(member));
  }
  if (out.empty()) in.fail();
  return out;
}

inline std::string finished(const std::vector<uint8_t>& bytes) { return std::string(as_text(bytes)); }

}  // namespace distributary::snapshot_coding
