// A node's view of its SimDisk during one incarnation: after the disk's next crash all its operations, and those of the
// files opened through it, fail with `cancelled`.
//
// Changes take effect at the call; the answer comes after a random latency (SimDiskSettings). Ownership: outlives its
// operations, not necessarily its files; the disk and the executor outlive both.
#pragma once

#include "io/file_system.h"
#include "io/sim/sim_disk.h"
#include "io/sim/sim_executor.h"

namespace distributary {

class SimFileSystem final : public FileSystem {
 public:
  SimFileSystem(SimDisk& disk, SimExecutor& executor);

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
  SimDisk& disk_;
  SimExecutor& executor_;
  uint64_t incarnation_;
};

}  // namespace distributary
