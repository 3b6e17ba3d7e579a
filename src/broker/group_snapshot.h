// GroupSnapshot: what is kept of a group of the classic protocol in the MetaStore, so that its members go on after a
// restart of the node: its last stable generation.
//
// The bytes begin with a version and the kind of the group (for the other kind: broker/consumer_group_snapshot.h). They
// are an affair of one node: nothing of them is replicated. Pure functions; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "broker/group_member.h"

namespace distributary {

inline constexpr uint8_t kGroupSnapshotVersion = 2;
enum class SnapshotKind : uint8_t { classic = 1, consumer = 2 };

struct GroupSnapshot {
  std::string protocol_type;
  std::string protocol_name;
  int32_t generation = 0;
  std::string leader;
  std::map<std::string, GroupMember> members;  // what they wait for is not kept
};

// nullopt: another version, or no snapshot at all.
std::optional<SnapshotKind> snapshot_kind(ByteView bytes);
std::string encode_snapshot(const GroupSnapshot& snapshot);
// Error: corrupt.
Result<GroupSnapshot> decode_group_snapshot(ByteView bytes);

}  // namespace distributary
