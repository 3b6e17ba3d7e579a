// One open file (io/real/real_file_system.h).
#pragma once

#include <functional>

#include "io/executor.h"
#include "io/file_system.h"
#include "io/real/direct_reader.h"
#include "io/signal.h"

namespace distributary {

class RealFile final : public File {
 public:
  // Takes over `descriptor`.
  RealFile(Executor& executor, BlockingPool& pool, BlockingPool& reads, int descriptor, std::string path);
  ~RealFile() override;

  Task<Result<size_t>> read(uint64_t at, MutableBytes into) override;
  Task<Result<size_t>> read_scattered(uint64_t at, MutableBytes into) override;
  Task<Status> read_scattered_all(std::vector<ReadRange> ranges) override;
  Task<Status> write(uint64_t at, std::vector<Bytes> pieces) override;
  Task<Status> sync() override;
  Task<Status> truncate(uint64_t size) override;
  Task<Status> allocate(uint64_t size) override;
  Result<uint64_t> size() override;

 private:
  Task<Result<size_t>> read_from(int descriptor, uint64_t at, MutableBytes into);
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
  // Changes of the file take turns, in the order of the calls.
  uint64_t next_turn_ = 0;
  uint64_t current_turn_ = 0;
  Signal turn_ended_;
  SteadyTime no_inline_before_{};  // writes go to the pool until then
};

}  // namespace distributary
