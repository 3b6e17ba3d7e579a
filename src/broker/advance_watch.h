// AdvanceWatch: wakes waiting fetches when, and only when, a partition they want has grown. A stream announces each
// group commit once; the watch looks at what is wanted of that stream and resumes only those who find something. So a
// thousand idle consumers cost one look each per commit, not a thousand wakes.
//
// Threads: the executor's. Ownership: one per broker; `stop` before destruction. It holds a stream only while somebody
// waits on it.
#pragma once

#include <memory>
#include <vector>

#include "broker/context.h"
#include "io/signal.h"
#include "io/task_scope.h"

namespace distributary {

class AdvanceWatch {
 public:
  explicit AdvanceWatch(Executor& executor);
  ~AdvanceWatch();

  struct Want {
    TopicPartition partition;
    Offset beyond = 0;       // wake when the high watermark is above it
    Offset log_start = 0;    // or when the log start is above it,
    LeaderEpoch epoch = -1;  // or when the topic is gone or has another leader epoch (-1: any)
  };
  struct Wants {
    StreamHandle stream;
    std::vector<Want> wants;
  };
  // Ok when something wanted is there, or a stream failed or went; else timed_out or cancelled.
  Task<Status> wait(std::vector<Wants> wants, SteadyTime deadline, std::stop_token stop);
  Task<void> stop();
  size_t watched_streams() const { return watched_.size(); }

 private:
  struct Waiter {
    explicit Waiter(Executor& executor) : woken(executor) {}
    Signal woken;
    bool ready = false;
  };
  struct Watched;
  class Registration;
  static bool satisfied(const OpenStream& stream, const std::vector<Want>& wants);
  Task<void> watch(Watched& watched);
  Watched& watched(const StreamHandle& stream);

  Executor& executor_;
  std::vector<std::unique_ptr<Watched>> watched_;
  TaskScope scope_;
};

}  // namespace distributary
