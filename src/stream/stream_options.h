// What varies between streams and is not history.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"
#include "model/stream_settings.h"
#include "model/topic_settings.h"

namespace distributary {

struct StreamOptions {
  Durability durability = Durability::sync;
  std::chrono::seconds ttl{604800};  // 0: for ever; of topics without a retention.ms of their own
  EffectiveTopicSettings topics;     // of topics that say nothing of their own; for retention.ms, `ttl` counts
  std::chrono::seconds producer_expiry{604800};
  uint64_t segment_bytes = 256u << 20;
  std::chrono::milliseconds segment_age{24 * 3600 * 1000};  // the active segment is rolled when older
  uint64_t checkpoint_bytes = 64u << 20;                    // of log between checkpoints
  uint64_t checkpoint_entries = 200'000;
  // A sealed segment is rewritten when half of it is dead, or when anything in it has been dead for so long. In a
  // compacted topic a record is dead when a newer one of its key has superseded it.
  std::chrono::seconds dead_data_deadline{7 * 24 * 3600};
  uint64_t compaction_map_bytes = 64u << 20;   // for the keys of one pass of compaction; more keys take several
  uint64_t send_from_file_bytes = 32u << 10;   // record batches from here on may be sent from their file
  uint64_t hold_bytes_max = 64ull << 30;       // a lagging link holds back at most so much
  std::chrono::milliseconds async_flush{200};  // async mode: at most so long until a background sync
};

}  // namespace distributary
