// One open file (io/real/real_file_system.h).
#pragma once

#include <ctime>
#include <functional>

#include "io/executor.h"
#include "io/file_system.h"
#include "io/real/direct_reader.h"
#include "io/signal.h"

namespace distributary {

class RealFile final : public File {
 public:
  // Takes over `descriptor`.
  RealFile(Executor& executor, BlockingPool& pool, BlockingPool& reads, int descriptor, std::string path,
           bool created = false);
  ~RealFile() override;

  Task<Result<size_t>> read(uint64_t at, MutableBytes into) override;
  Task<Result<size_t>> read_scattered(uint64_t at, MutableBytes into) override;
  Task<Status> read_scattered_all(std::vector<ReadRange> ranges) override;
  bool in_memory(uint64_t at, size_t length) const override { return in_page_cache(descriptor_, at, length); }
  uint64_t device_stamp() override;
  Task<Status> write(uint64_t at, std::vector<Bytes> pieces) override;
  Task<Status> sync() override;
  Task<Status> truncate(uint64_t size) override;
  Task<Status> allocate(uint64_t size) override;
  Result<uint64_t> size() override;

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

 private:
  Task<Result<size_t>> read_from(int descriptor, uint64_t at, MutableBytes into);
  // When the file's content and its inode were last changed, as the system says.
  struct ChangeTimes {
    timespec content{};
    timespec inode{};
  };
  ChangeTimes change_times() const;
  void look_for_changes();
  struct ScatteredJob;  // ranges that one thread reads
  Task<void> run_job(ScatteredJob& job);
  int write_inline(const std::function<int()>& work);
  Task<void> wait_for_turn(uint64_t turn);
  void end_turn();
  int scattered_descriptor();
  const DirectReader* direct_reader();

  Executor& executor_;
  BlockingPool& pool_;
  BlockingPool& reads_;
  int descriptor_;
  // For scattered reads, opened when first needed: the same file without read-ahead, and past the page cache.
  int scattered_ = -1;
  bool asked_direct_ = false;
  std::unique_ptr<DirectReader> direct_;  // null: cannot be had
  std::string path_;
  uint64_t device_stamp_;
  ChangeTimes changed_;  // as of our last change
  // Changes of the file take turns, in the order of the calls.
  uint64_t next_turn_ = 0;
  uint64_t current_turn_ = 0;
  Signal turn_ended_;
  SteadyTime no_inline_before_{};  // writes go to the pool until then
};

}  // namespace distributary
