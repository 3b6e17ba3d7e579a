// MemoryMetaStore: the metadata engine of tests and simulation.
//
// What is "on disk" is a MemoryMeta, owned by the test, which may outlive the store: a second store over it is a
// reopened one.
#pragma once

#include <map>
#include <optional>

#include "io/executor.h"
#include "storage/change_watch.h"
#include "storage/meta_store.h"

namespace distributary {

struct MemoryMeta {
  struct Lease {
    std::string holder;
    WallMillis until = 0;
  };
  std::map<std::string, std::string> entries;
  std::map<std::string, Lease> leases;
  std::optional<ErrorCode> fail_next_apply;  // nothing is written, and the switch goes back
};

class MemoryMetaStore final : public MetaStore {
 public:
  MemoryMetaStore(Executor& executor, MemoryMeta& meta) : executor_(executor), meta_(meta), watch_(executor) {}

  Task<Result<std::optional<std::string>>> get(std::string key) override;
  Task<Result<std::vector<MetaEntry>>> scan(std::string prefix, std::string after, size_t limit) override;
  Task<Status> apply(MetaBatch batch) override;
  uint64_t version(const std::string& prefix) override { return watch_.version(prefix); }
  Task<Status> wait_change(std::string prefix, uint64_t seen, SteadyTime deadline, std::stop_token stop) override {
    return watch_.wait_change(std::move(prefix), seen, deadline, std::move(stop));
  }
  Task<Status> take_lease(std::string name, std::string holder, Duration span) override;
  Task<Status> release_lease(std::string name, std::string holder) override;

 private:
  Executor& executor_;
  MemoryMeta& meta_;
  ChangeWatch watch_;
};

}  // namespace distributary
