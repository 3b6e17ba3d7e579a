// LinkRecord: what a link remembers over restarts, in the MetaStore under "link/<source>/<replica>". Written now and
// then: what counts is in the two logs; this makes the backlog exact before the first session, and shows when a replica
// has lost what it had acknowledged.
#pragma once

#include <string>

#include "base/error.h"
#include "base/time.h"
#include "stream/log_position.h"
#include "stream/stream_state.h"

namespace distributary {

struct LinkKey {
  Uuid source;
  Uuid replica;
  auto operator<=>(const LinkKey&) const = default;
};
std::string link_record_key(const LinkKey& key);

struct LinkRecord {
  LogPosition acknowledged;  // of the source's log: the replica durably holds all before it
  OriginPositions held;      // as the replica has said
  WallMillis last_acknowledged = 0;
  WallMillis last_appended = 0;  // when the source's durable end last moved, as far as the link saw
  uint64_t regressions = 0;
  bool operator==(const LinkRecord&) const = default;

  std::string encode() const;
  static Result<LinkRecord> decode(const std::string& value);
};

}  // namespace distributary
