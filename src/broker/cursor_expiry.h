// CursorExpiry: forgets the committed positions of consumer groups that nobody uses any more: groups without members,
// so long after the last one left or committed as `cursor_retention` says. A group that this node has not seen with
// members since it started counts from its newest commit in any stream; and since its members may be just about to come
// back, nothing is forgotten in the first day after the start (or the retention, if that is shorter).
//
// Each stream forgets the slots that it wrote itself, by an entry in its log; so a replica forgets them when the entry
// reaches it, never by its own clock. One run looks at no more than kCursorsPerRun slots and the next goes on there.
//
// Threads: the executor's. Ownership: one per broker; `stop` before destruction.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/group_coordinator.h"
#include "io/task_scope.h"

namespace distributary {

inline constexpr size_t kCursorsPerRun = 100'000;
inline constexpr std::chrono::hours kCursorExpiryGrace{24};

class CursorExpiry {
 public:
  CursorExpiry(BrokerContext context, GroupCoordinator& groups);
  Task<void> stop();
  // One run, as the background task makes them; durable when it returns. Gives how many slots were forgotten.
  Task<Result<size_t>> run_once(std::stop_token stop);

 private:
  Task<void> loop();
  // Goes on after `next_group_`; gives how many slots were forgotten. What it looks at is taken from `looks_left`.
  size_t sweep(const StreamHandle& stream, const std::vector<StreamHandle>& streams, size_t& looks_left,
               DurableWait& wait);
  bool expired(const std::string& group, const std::vector<StreamHandle>& streams, size_t& looks_left) const;

  BrokerContext context_;
  GroupCoordinator& groups_;
  SteadyTime started_;
  std::string next_stream_;  // where the next run goes on: path
  std::string next_group_;   // the last group that was looked at there
  TaskScope scope_;
};

}  // namespace distributary
