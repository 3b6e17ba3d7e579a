// LocalLogStore: logs as files in a directory, through FileSystem only, so that it runs on a real disk and on a
// simulated one. The layout is in log_directory.h. One process uses a directory at a time; the metadata store beside it
// holds the lock.
//
// Ownership: outlives the Logs that it has opened. Threads: the executor's thread only.
#pragma once

#include <map>
#include <optional>

#include "storage/local/log_directory.h"
#include "storage/local/log_ownership.h"
#include "storage/local/open_files.h"
#include "storage/local/sync_scheduler.h"
#include "storage/log_store.h"

namespace distributary {

struct LocalLogOptions {
  static constexpr uint64_t kMaxDefaultReserve = uint64_t{1} << 30;
  static constexpr size_t kDefaultOpenFiles = 512;

  std::string root;                 // created when absent
  std::optional<uint64_t> reserve;  // bytes; default: 1 GiB or 5 % of the file system, whichever is smaller
  size_t open_files = kDefaultOpenFiles;
};

class LocalLogStore final : public LogStore {
 public:
  // Makes the directory usable and finishes removals that a crash has interrupted.
  static Task<Result<std::unique_ptr<LocalLogStore>>> start(Executor& executor, FileSystem& files,
                                                            LocalLogOptions options);

  Task<Result<std::unique_ptr<Log>>> open(LogId id, StorageEpoch epoch) override;
  Task<Result<std::vector<LogId>>> list() override;
  Task<Status> remove(LogId id) override;
  Task<Result<uint64_t>> space_left() override;

  SyncScheduler& syncs() { return syncs_; }
  const OpenFiles& open_files() const { return open_files_; }

 private:
  LocalLogStore(Executor& executor, FileSystem& files, LocalLogOptions options);
  Task<Status> prepare();
  Task<Status> sync_ancestors(std::string path);
  // The log's ownership once nobody else opens or removes it; the caller locks it before it awaits anything.
  Task<Result<std::shared_ptr<LogOwnership>>> unlocked(LogId id);
  static Task<Status> drain(LogOwnership& ownership);
  // The steps of `open` and `remove` that are under the lock.
  Task<Result<std::unique_ptr<Log>>> open_locked(LogId id, StorageEpoch epoch, std::shared_ptr<LogOwnership> ownership);
  // Makes all that can be read durable; see LogStore::open.
  Task<Status> settle(LogDirectory& directory, const std::vector<SegmentInfo>& segments, LogOwnership& ownership);
  Task<Status> remove_locked(LogId id, LogOwnership& ownership);
  std::string directory_of(const LogId& id) const { return logs_path_ + "/" + to_string(id); }

  Executor& executor_;
  FileSystem& files_;
  LocalLogOptions options_;
  std::string logs_path_;
  SyncScheduler syncs_;
  OpenFiles open_files_;
  uint64_t next_removed_ = 1;
  std::map<LogId, std::shared_ptr<LogOwnership>> owners_;
};

}  // namespace distributary
