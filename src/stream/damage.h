// Damage: bytes that were durable once and no longer match. Named, never skipped in silence, never served.
#pragma once

#include <string>

#include "model/ids.h"
#include "storage/log_store.h"

namespace distributary {

struct Damage {
  SegmentNumber segment = 0;
  uint64_t at = 0;    // in the segment
  Lsn first_lsn = 0;  // hit, as far as can be told
  Lsn last_lsn = 0;
  std::string what;  // in words fit for an administrator: place, topics and offsets as far as neighbours tell
};

}  // namespace distributary
