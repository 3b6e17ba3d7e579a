// SqliteMetaStore: metadata in one SQLite database (WAL, synchronous = FULL), by one connection, on the blocking pool.
//
// The database is locked against other processes for as long as it is open. Watches see the changes made through this
// object, which are all. Threads: the executor's thread only. Must outlive its operations. Errors: those of MetaStore;
// unavailable when another process holds the database, corrupt when it is damaged.
#pragma once

#include "io/executor.h"
#include "io/task_scope.h"
#include "storage/change_watch.h"
#include "storage/local/meta_database.h"
#include "storage/meta_store.h"

namespace distributary {

class SqliteMetaStore final : public MetaStore {
 public:
  // `path` of the database file; its directory must exist.
  static Task<Result<std::unique_ptr<SqliteMetaStore>>> open(Executor& executor, BlockingPool& pool, std::string path);

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
  SqliteMetaStore(Executor& executor, BlockingPool& pool, std::unique_ptr<MetaDatabase> database)
      : executor_(executor), pool_(pool), database_(std::move(database)), watch_(executor), turn_ended_(executor) {}
  // Runs `work` on the pool, when the calls before it have ended. (A plain function object; what it refers to is in the
  // caller's frame.)
  template <class Work>
  auto call(Work work) -> Task<decltype(work(std::declval<MetaDatabase&>()))>;

  Executor& executor_;
  BlockingPool& pool_;
  std::unique_ptr<MetaDatabase> database_;
  ChangeWatch watch_;
  uint64_t next_turn_ = 0;
  uint64_t current_turn_ = 0;
  Signal turn_ended_;
};

}  // namespace distributary
