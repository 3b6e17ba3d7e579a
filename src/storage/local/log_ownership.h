// LogOwnership: who owns a log in this process, shared by the store and the Logs that it has opened for one id.
//
// Threads: the executor's thread only.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "io/signal.h"
#include "storage/log_store.h"

namespace distributary {

struct LogOwnership {
  explicit LogOwnership(Executor& executor) : changed(executor) {}
  StorageEpoch epoch = 0;  // of the newest owner
  bool removed = false;    // nobody owns it any more
  bool locked = false;     // being opened or removed
  size_t operations = 0;   // changes under way by any owner; a new owner begins when there are none
  // Per segment, from where on a failed sync may have left bytes that can be read and are not on the device, though the
  // system takes them for written. The next owner writes them again before it reads anything.
  std::map<SegmentNumber, uint64_t> doubtful;
  Signal changed;

  void doubt(SegmentNumber number, uint64_t from) {
    auto [at, fresh] = doubtful.try_emplace(number, from);
    if (!fresh) at->second = std::min(at->second, from);
  }

  // ok: the owner with that epoch is the newest one.
  Status check(StorageEpoch owner, const std::string& log) const {
    if (removed) return fail(ErrorCode::not_found, log + " has been removed");
    if (owner == epoch) return {};
    return fail(ErrorCode::fenced,
                log + " was opened under epoch " + std::to_string(epoch) + "; this owner has " + std::to_string(owner));
  }

  // Held while something is changed. shared: a Log may be dropped by its owner while the store still waits for it.
  class Operation {
   public:
    explicit Operation(std::shared_ptr<LogOwnership> of) : of_(std::move(of)) { ++of_->operations; }
    ~Operation() {
      if (--of_->operations == 0) of_->changed.notify_all();
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

   private:
    std::shared_ptr<LogOwnership> of_;
  };

  // Held while the log is opened or removed. The caller has waited until nobody holds it.
  class Lock {
   public:
    explicit Lock(std::shared_ptr<LogOwnership> of) : of_(std::move(of)) { of_->locked = true; }
    ~Lock() {
      of_->locked = false;
      of_->changed.notify_all();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    std::shared_ptr<LogOwnership> of_;
  };
};

}  // namespace distributary
