// Link: what is shown of it.
#include <algorithm>

#include "replication/endings.h"
#include "replication/link.h"

namespace distributary {

namespace {

constexpr size_t kPeekBytes = 64u << 10;
constexpr int kPeeksMax = 16;  // chunks looked through for the oldest pending entry

uint64_t difference(uint64_t end, uint64_t begin) { return end - std::min(begin, end); }

}  // namespace

LinkState Link::state() const {
  if (!flows()) return LinkState::paused;
  if (session_) {
    if (copy_) return LinkState::copying;
    if (record_.acknowledged.next < regressed_until_) return LinkState::regressed;
    return session_->caught_up() ? LinkState::idle : LinkState::replicating;
  }
  return problem_ ? state_after(problem_code_) : LinkState::connecting;
}

// When the first entry that the replica does not hold was appended; 0 when that cannot be said.
Task<WallMillis> Link::oldest_pending(Stream& source) {
  LogPosition at = record_.acknowledged;
  for (int peek = 0; peek < kPeeksMax; ++peek) {
    Result<LogChunk> chunk = co_await source.read_log(at, kPeekBytes);
    if (!chunk || (chunk->contents.empty() && chunk->next.next == at.next)) co_return 0;
    for (const Bytes& bytes : chunk->contents) {
      ContentView content(bytes.view());
      auto held = record_.held.find(content.origin());
      bool has = held != record_.held.end() && content.origin_lsn() <= held->second.lsn;
      if (!has && content.origin().stream != key_.replica) co_return content.appended();
    }
    at = chunk->next;
  }
  co_return 0;
}

Task<ReplicaStatus> Link::status() {
  ReplicaStatus out;
  if (registration_) out.registration = *registration_;
  out.replica_state = copy_ ? (session_ ? "REPLICA_STATE_COPY_IN_PROGRESS" : "REPLICA_STATE_COPY_IN_RECOVER")
                            : "REPLICA_STATE_REPLICATING";
  out.acknowledged_lsn = record_.acknowledged.next - 1;
  out.last_acknowledged = record_.last_acknowledged;
  out.sessions = sessions_;
  out.regressions = record_.regressions;
  StreamHandle source = source_;
  if (source) {
    LogPosition end = source->stream->durable_end();
    out.bytes_pending = difference(end.history_bytes, record_.acknowledged.history_bytes);
    out.puts_pending = difference(end.history_records, record_.acknowledged.history_records);
    out.entries_pending = difference(end.next, record_.acknowledged.next);
  }
  if (source && out.entries_pending > 0) {
    out.min_pending_time = co_await oldest_pending(*source->stream);
    out.max_pending_time = std::max(record_.last_appended, out.min_pending_time);
    WallMillis age = context_.world.clock().wall_now() - out.min_pending_time;
    if (out.min_pending_time > 0) out.lag_seconds = static_cast<double>(std::max<WallMillis>(0, age)) / 1000;
  }
  out.link_state = state();
  out.connected = session_ != nullptr;
  out.problem = problem_;
  bool heard = record_.last_acknowledged > 0 || confirmed_;
  out.up_to_date = source && out.entries_pending == 0 && heard;
  co_return out;
}

}  // namespace distributary
