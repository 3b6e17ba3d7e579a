// DamageNotes: damage that was met while the log was read, kept beside the log (blob `damage`,
// docs/formats/stream-log.md): a stream that has become read-only opens read-only again, until what is noted is whole.
//
// Ownership: belongs to one Stream. Threads: one executor.
#pragma once

#include <vector>

#include "storage/log_store.h"
#include "stream/damage.h"

namespace distributary {

inline constexpr size_t kDamageNotesMax = 64;  // places that are named; one is enough to be read-only

class DamageNotes {
 public:
  DamageNotes(Log& log, LogId id) : log_(log), id_(id) {}

  // What is noted and is damaged still: its segments are read. Notes of what is whole or gone are removed.
  Task<Result<std::vector<Damage>>> load();
  Task<Status> save(const std::vector<Damage>& damage);

  static std::vector<uint8_t> encode(const LogId& id, const std::vector<Damage>& damage);
  static Result<std::vector<Damage>> decode(const LogId& id, ByteView blob);

 private:
  Task<Result<bool>> whole(SegmentNumber segment);

  Log& log_;
  LogId id_;
};

}  // namespace distributary
