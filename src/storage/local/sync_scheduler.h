// SyncScheduler: all syncs of one store, so that many logs on one device share its flushes.
//
// Up to kParallelSyncs files and directories are synced at a time, each by itself. What comes meanwhile waits; when
// more than kManyFiles of them have gathered, one sync of the whole file system serves them all, for it costs about as
// much as syncing a few.
//
// Threads: the executor's thread only. Must outlive the calls of `sync`.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "io/signal.h"
#include "io/task_scope.h"

namespace distributary {

class SyncScheduler {
 public:
  static constexpr size_t kParallelSyncs = 8;
  static constexpr size_t kManyFiles = 8;

  // `root` is any path on the file system that holds all of them.
  SyncScheduler(Executor& executor, FileSystem& files, std::string root)
      : executor_(executor), files_(files), root_(std::move(root)), scope_(executor) {}

  // What was written to the files, and the entries of `directory` (none when empty), before the call is durable after
  // it. On an error, which of them are is unknown. shared: a file may leave the table of open files while it is being
  // synced.
  Task<Status> sync(std::vector<std::shared_ptr<File>> files, std::string directory);

  // Counters, for tests and metrics.
  uint64_t single_syncs() const { return single_syncs_; }
  uint64_t whole_syncs() const { return whole_syncs_; }

 private:
  // One call of `sync`. shared: the call may be dropped before its syncs end.
  struct Ticket {
    explicit Ticket(Executor& executor) : done(executor) {}
    size_t left = 0;
    Status status;
    Signal done;
  };
  struct Item {
    std::shared_ptr<File> file;  // null: the directory
    std::string directory;
    std::shared_ptr<Ticket> ticket;
  };
  void start_waiting();
  Task<void> sync_one(Item item);
  Task<void> sync_whole(std::vector<Item> items);
  static void finish(Item& item, const Status& status);

  Executor& executor_;
  FileSystem& files_;
  std::string root_;
  std::deque<Item> waiting_;
  size_t running_ = 0;  // a sync of the whole file system counts as kParallelSyncs
  uint64_t single_syncs_ = 0;
  uint64_t whole_syncs_ = 0;
  TaskScope scope_;
};

}  // namespace distributary
