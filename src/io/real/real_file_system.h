// The operating system's files. Reads that the page cache can answer run at once on the loop; everything that may wait
// for the device runs on the blocking pool.
//
// Writes, truncations and allocations of one File take effect in the order of the calls; sync covers all of them called
// before it. `allocate` reserves nothing on file systems that cannot. Ownership: executor and pool outlive the file
// system and its files.
#pragma once

#include <functional>

#include "io/executor.h"
#include "io/file_system.h"

namespace distributary {

class RealFileSystem final : public FileSystem {
 public:
  // Reads of the device run on `reads` and not on `pool`: however many wait, writes and syncs do not wait behind them.
  RealFileSystem(Executor& executor, BlockingPool& pool, BlockingPool& reads)
      : executor_(executor), pool_(pool), reads_(reads) {}

  Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) override;
  Task<Status> rename(std::string from, std::string to) override;
  Task<Status> remove(std::string path) override;
  Task<Status> make_directories(std::string path) override;
  Task<Status> sync_directory(std::string path) override;
  Task<Result<std::vector<std::string>>> list(std::string path) override;
  Task<Result<uint64_t>> free_bytes(std::string path) override;
  Task<Result<uint64_t>> total_bytes(std::string path) override;
  Task<Result<uint64_t>> file_size(std::string path) override;
  Task<Status> sync_all(std::string path) override;

 private:
  Executor& executor_;
  BlockingPool& pool_;
  BlockingPool& reads_;
};

// Held by the process that uses a data directory; released when destroyed, or when the process dies.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

// Locks the existing directory `path` against other processes (a file `lock` in it). `conflict` names the path and who
// holds it.
Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path);

}  // namespace distributary
