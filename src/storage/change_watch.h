// ChangeWatch: version numbers of key prefixes and waiting for them to grow; what the MetaStore engines of one process
// share.
//
// A prefix is remembered from the first time it is asked for; prefixes come from code, so there are few lengths of
// them. Threads: the executor's thread only. Must outlive its waiters.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "io/signal.h"
#include "io/task.h"

namespace distributary {

class ChangeWatch {
 public:
  explicit ChangeWatch(Executor& executor) : executor_(executor) {}
  uint64_t version(const std::string& prefix) { return watched(prefix).version; }
  Task<Status> wait_change(std::string prefix, uint64_t seen, SteadyTime deadline, std::stop_token stop);
  void changed(const std::string& key);

 private:
  struct Watched {
    explicit Watched(Executor& executor) : signal(executor) {}
    uint64_t version = 0;
    Signal signal;
  };
  Watched& watched(const std::string& prefix);

  Executor& executor_;
  uint64_t last_ = 0;
  std::map<std::string, std::unique_ptr<Watched>, std::less<>> prefixes_;
  std::set<size_t> lengths_;  // of the prefixes
};

}  // namespace distributary
