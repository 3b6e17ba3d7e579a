// Removing committed positions of a group from one stream. A stream removes only the slots that it wrote itself; those
// of another writer are that stream's to remove, and follow from there.
//
// Threads: the executor's.
#pragma once

#include <functional>
#include <string>

#include "broker/fault.h"
#include "stream/stream.h"

namespace distributary {

struct CursorRemoval {
  Lsn lsn = 0;         // to wait for; 0: there was nothing to remove
  size_t removed = 0;  // slots
  bool kept_others = false;
  Uuid other_writer;  // of a slot that was kept
};

using CursorFilter = std::function<bool(const TopicPartition& partition)>;

// Whether the stream has a position of the group.
bool has_cursors(const StreamState& state, const std::string& group);
// Removes the group's positions on the partitions that pass. Errors: those of Stream::delete_cursors.
Result<CursorRemoval> remove_cursors(Stream& stream, const std::string& group, const CursorFilter& passes);
// What a client is told of slots that were kept; ok if none was.
Fault kept_fault(const CursorRemoval& removal, const std::string& group);

}  // namespace distributary
