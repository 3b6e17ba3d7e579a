// GroupStore: keeps what members of groups need to go on after a restart of the node, in the MetaStore, by group id.
//
// Changes are noted when they happen and written soon after, by one background task: what was noted meanwhile goes into
// the next write together, each group as it is then. What cannot be kept (too large, too many) is not: its members join
// again after a restart. A write that fails is tried again, and nobody waits for that.
//
// Threads: the executor's. Ownership: GroupCoordinator; `stop` before destruction. The MetaStore outlives it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/task_scope.h"
#include "storage/meta_store.h"

namespace distributary {

inline constexpr size_t kKeptGroupBytesMax = kMaxMetaValue;  // of one group
inline constexpr size_t kKeptGroupIdBytesMax = 1'000;        // with the prefix, it must be a key
inline constexpr size_t kKeptGroupsMax = 100'000;
inline constexpr size_t kKeptGroupsBytesMax = size_t{64} << 20;  // of all groups together, and so of one write
inline constexpr std::chrono::milliseconds kKeepRetry{1'000};    // after a write that failed

class GroupStore {
 public:
  // What is to be kept of a group now: its bytes; empty: nothing; nullopt: what was kept before.
  using Snapshot = std::function<std::optional<std::string>(const std::string& id)>;
  struct Kept {
    std::string id;
    std::string bytes;
  };
  GroupStore(Executor& executor, MetaStore& meta, Snapshot snapshot)
      : executor_(executor), meta_(meta), snapshot_(std::move(snapshot)), changed_(executor), scope_(executor) {}

  // What is stored, before anything is noted.
  Task<Result<std::vector<Kept>>> read();
  // What `read` gave, so that it counts.
  void count(const std::vector<Kept>& kept);
  // The group has changed.
  void note(const std::string& id);
  // What has been noted of this group is not durable yet.
  bool owes(const std::string& id) const { return noted_.contains(id) || writing_.contains(id); }
  // Until what has been noted of this group by now is durable, or its write has failed. Errors: cancelled, timed_out.
  Task<Status> settle(std::string id, SteadyTime deadline, std::stop_token stop);
  // Writes what is noted first.
  Task<void> stop();

 private:
  Task<Result<bool>> read_page(std::vector<Kept>& out);
  Task<void> write_all();
  Task<bool> write_once();
  MetaBatch plan();
  void plan_one(const std::string& id, MetaBatch& batch);
  bool room_for(const std::string& id, size_t bytes) const;
  void finish(const Status& written);
  void set_size(const std::string& id, size_t bytes);

  Executor& executor_;
  MetaStore& meta_;
  Snapshot snapshot_;
  std::map<std::string, size_t> sizes_;  // of what is stored, or about to be
  size_t bytes_ = 0;                     // all of them
  std::set<std::string> noted_;
  std::set<std::string> writing_;
  uint64_t round_ = 0;  // writes that have ended
  bool busy_ = false;   // write_all runs
  bool refused_ = false;
  Signal changed_;
  TaskScope scope_;
};

}  // namespace distributary
