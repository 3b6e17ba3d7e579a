// What `replica list`, `upstream list` and the list of jobs show. Plain values, taken at one instant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"
#include "cluster/registration.h"

namespace distributary {

// The state of the running flow, beside the data fabric's REPLICA_STATE_*.
enum class LinkState {
  paused,       // by the administrator; the position is kept
  connecting,   // looking for a gateway, or saying hello
  replicating,  // connected, there is a backlog
  idle,         // connected, the replica durably holds everything
  copying,      // a copy job is filling the replica
  regressed,    // the replica had lost what it once acknowledged; it is being sent again
  unreachable,  // no gateway answers
  refused,      // a gateway answered and said no; see the problem
  gap,          // the replica needs history that is no longer kept here
  diverged,     // the two histories disagree
  ahead,        // the replica has history of this stream that this stream has not
  failed,       // this side cannot read its own stream
};
std::string_view to_string(LinkState state);

// The `errors` object of `replica list`.
struct LinkProblem {
  std::string code;  // "ErrNotAnUpstream" and so on (wire/link/link_error.h)
  std::string host;  // gateway that was last tried; empty when none was
  std::string message;
  WallMillis since = 0;
  bool operator==(const LinkProblem&) const = default;
};

// Backlogs are counted from the last acknowledged position to the stream's durable end: exact while paused or
// disconnected too.
struct ReplicaStatus {
  ReplicaRegistration registration;
  std::string replica_state;  // REPLICA_STATE_REPLICATING, REPLICA_STATE_COPY_IN_PROGRESS, ...
  LinkState link_state = LinkState::connecting;
  bool connected = false;
  bool up_to_date = false;           // nothing pending, and the replica has been heard of
  uint64_t bytes_pending = 0;        // of history entries
  uint64_t puts_pending = 0;         // records
  uint64_t entries_pending = 0;      // LSNs
  WallMillis min_pending_time = 0;   // when the oldest pending entry was appended at its origin; 0: none
  WallMillis max_pending_time = 0;   // the newest
  double lag_seconds = 0;            // now - min_pending_time
  uint64_t acknowledged_lsn = 0;     // the replica durably holds this stream's log up to here
  WallMillis last_acknowledged = 0;  // when the last acknowledgement came; 0: never
  uint64_t sessions = 0;             // since the node started
  uint64_t regressions = 0;
  int copy_percentage = 100;           // of the running copy; 100 when there is none
  std::optional<LinkProblem> problem;  // only while there is trouble
};

// What the replica side knows of one upstream.
struct UpstreamStatus {
  UpstreamRegistration registration;
  bool connected = false;
  std::string peer;            // address of the link's first connection
  WallMillis last_heard = 0;   // 0: never since the node started
  uint64_t bytes_pending = 0;  // as the source said in its last heartbeat
  uint64_t puts_pending = 0;
  std::optional<LinkProblem> problem;  // why the last session was refused or stopped
};

enum class CopyState { running, done, failed, cancelled };
std::string_view to_string(CopyState state);  // "RUNNING", "DONE", "FAILED", "CANCELLED"

struct CopyStatus {
  Uuid id;
  CopyState state = CopyState::running;
  std::string source_path;
  Uuid source;
  std::string cluster;  // of the destination
  std::string path;
  Uuid replica;
  WallMillis started = 0;
  WallMillis ended = 0;  // 0: not yet
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t records_done = 0;
  uint64_t records_total = 0;
  int percentage = 0;
  std::optional<LinkProblem> problem;  // the reason of a failure, or what holds a running copy up
};

}  // namespace distributary
