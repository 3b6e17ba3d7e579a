#include "io/sim/sim_file_system.h"

#include "io/task_scope.h"

namespace distributary {

namespace {

Status alive(const SimDisk& disk, uint64_t incarnation) {
  if (disk.incarnation() == incarnation) return {};
  return fail(ErrorCode::cancelled, "the simulated host " + disk.name() + " has crashed");
}

// The time that an operation takes; `cancelled` if the host has crashed meanwhile.
Task<Status> pause(SimDisk& disk, SimExecutor& executor, uint64_t incarnation, Duration latency) {
  if (latency.count() > 0) {
    std::stop_token unstoppable;
    Status slept = co_await sleep_for(executor, latency, unstoppable);
    CHECK(slept.has_value());
  }
  co_return alive(disk, incarnation);
}

Status io_error(const std::string& operation, const std::string& path) {
  return fail(ErrorCode::io, operation + " " + path + ": input/output error (simulated)");
}

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, SimExecutor& executor, uint64_t incarnation, SimInodePtr inode, std::string path,
          bool writable)
      : disk_(disk),
        executor_(executor),
        incarnation_(incarnation),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable) {
    disk_.opened(*inode_);
  }
  ~SimFile() override {
    if (alive(disk_, incarnation_)) disk_.file_closed(*inode_);
  }

  Task<Result<size_t>> read(uint64_t at, MutableBytes into) override;
  bool in_memory(uint64_t, size_t) const override { return disk_.settings.in_memory; }
  uint64_t device_stamp() override { return inode_->device_stamp; }
  Task<Status> write(uint64_t at, std::vector<Bytes> pieces) override;
  Task<Status> sync() override;
  Task<Status> truncate(uint64_t size) override;
  Task<Status> allocate(uint64_t size) override;
  Result<uint64_t> size() override;

 private:
  Status may_write() const {
    TRY_STATUS(alive(disk_, incarnation_));
    if (!writable_) return fail(ErrorCode::io, "write " + path_ + ": opened for reading only");
    return {};
  }
  Status write_now(uint64_t at, const std::vector<Bytes>& pieces);
  Duration write_latency() { return random_between(disk_.random(), Duration{0}, disk_.settings.max_write_latency); }

  SimDisk& disk_;
  SimExecutor& executor_;
  uint64_t incarnation_;
  SimInodePtr inode_;
  std::string path_;
  bool writable_;
};

Task<Result<size_t>> SimFile::read(uint64_t at, MutableBytes into) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  if (chance(disk_.random(), disk_.settings.read_error)) co_return fail(io_error("read", path_).error());
  Duration latency{0};  // half of the reads find their bytes in the page cache
  if (chance(disk_.random(), 0.5)) latency = random_between(disk_.random(), latency, disk_.settings.max_read_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  const std::vector<uint8_t>& bytes = inode_->data.current();
  if (at >= bytes.size()) co_return size_t{0};
  size_t count = std::min<size_t>(into.size(), bytes.size() - at);
  std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), count, into.begin());
  disk_.bytes_read += count;
  if (!disk_.settings.in_memory) ++inode_->device_stamp;
  co_return count;
}

Status SimFile::write_now(uint64_t at, const std::vector<Bytes>& pieces) {
  std::vector<uint8_t> all;
  for (const Bytes& piece : pieces) all.insert(all.end(), piece.view().begin(), piece.view().end());
  Status outcome;
  if (chance(disk_.random(), disk_.settings.write_error)) outcome = io_error("write", path_);
  if (outcome) outcome = disk_.reserve(*inode_, at + all.size(), path_);
  if (!outcome) all.resize(disk_.random().below(all.size() + 1));  // what of it went through before the fault
  if (!outcome && outcome.error().code == ErrorCode::storage_full) {
    uint64_t room = inode_->charged + disk_.free_bytes();
    all.resize(room > at ? std::min<uint64_t>(all.size(), room - at) : 0);
  }
  inode_->data.write(at, all, disk_.random(), disk_.settings.early_writeback);
  disk_.recount(*inode_);
  if (chance(disk_.random(), disk_.settings.writeback_error)) {
    SimFileData::Snapshot lost = inode_->data.begin_sync();
    inode_->data.fail_sync(lost, disk_.random());
    inode_->writeback_failed = true;
  }
  return outcome;
}

Task<Status> SimFile::write(uint64_t at, std::vector<Bytes> pieces) {
  CO_TRY_STATUS(may_write());
  Status outcome = write_now(at, pieces);
  Status waited = co_await pause(disk_, executor_, incarnation_, write_latency());
  co_return waited ? outcome : waited;
}

Task<Status> SimFile::sync() {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  SimFileData::Snapshot snapshot = inode_->data.begin_sync();
  const SimDiskSettings& settings = disk_.settings;
  Duration latency = random_between(disk_.random(), settings.min_sync_latency, settings.max_sync_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  if (chance(disk_.random(), disk_.settings.sync_error)) {
    inode_->data.fail_sync(snapshot, disk_.random());
    co_return io_error("sync", path_);
  }
  inode_->data.end_sync(snapshot);
  if (std::exchange(inode_->writeback_failed, false)) co_return io_error("sync", path_);
  co_return Status{};
}

Task<Status> SimFile::truncate(uint64_t size) {
  CO_TRY_STATUS(may_write());
  Status outcome;
  if (size > inode_->data.size()) {
    outcome = disk_.reserve(*inode_, size, path_);
  } else {
    inode_->allocated = std::min(inode_->allocated, size);
  }
  if (outcome) inode_->data.truncate(size);
  disk_.recount(*inode_);
  Status waited = co_await pause(disk_, executor_, incarnation_, write_latency());
  co_return waited ? outcome : waited;
}

Task<Status> SimFile::allocate(uint64_t size) {
  CO_TRY_STATUS(may_write());
  Status outcome = disk_.reserve(*inode_, size, path_);
  Status waited = co_await pause(disk_, executor_, incarnation_, write_latency());
  co_return waited ? outcome : waited;
}

Result<uint64_t> SimFile::size() {
  TRY_STATUS(alive(disk_, incarnation_));
  return inode_->data.size();
}

Result<SimInodePtr> open_inode(SimDisk& disk, const std::string& path, OpenMode mode) {
  Result<SimInodePtr> found = disk.find(path);
  if (found && (*found)->is_directory) return fail(ErrorCode::io, "open " + path + ": is a directory");
  if (found && mode == OpenMode::create_new)
    return fail(ErrorCode::already_exists, "open " + path + ": exists already");
  bool creates = mode == OpenMode::create_new || mode == OpenMode::open_or_create;
  if (!found && creates && found.error().code == ErrorCode::not_found) return disk.create_file(path);
  return found;
}

}  // namespace

SimFileSystem::SimFileSystem(SimDisk& disk, SimExecutor& executor)
    : disk_(disk), executor_(executor), incarnation_(disk.incarnation()) {}

Task<Result<std::unique_ptr<File>>> SimFileSystem::open(std::string path, OpenMode mode) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr inode, open_inode(disk_, path, mode));
  bool writable = mode != OpenMode::read;
  auto file = std::make_unique<SimFile>(disk_, executor_, incarnation_, std::move(inode), path, writable);
  Duration latency = random_between(disk_.random(), Duration{0}, disk_.settings.max_read_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  co_return std::unique_ptr<File>(std::move(file));
}

Task<Status> SimFileSystem::rename(std::string from, std::string to) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  Status outcome = disk_.rename(from, to);
  Duration latency = random_between(disk_.random(), Duration{0}, disk_.settings.max_write_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  co_return waited ? outcome : waited;
}

Task<Status> SimFileSystem::remove(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  Status outcome = disk_.remove(path);
  Duration latency = random_between(disk_.random(), Duration{0}, disk_.settings.max_write_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  co_return waited ? outcome : waited;
}

Task<Status> SimFileSystem::make_directories(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  Status outcome = disk_.make_directories(path);
  Duration latency = random_between(disk_.random(), Duration{0}, disk_.settings.max_write_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  co_return waited ? outcome : waited;
}

Task<Status> SimFileSystem::sync_directory(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr directory, disk_.find(path));
  if (!directory->is_directory) co_return fail(ErrorCode::io, "sync " + path + ": not a directory");
  uint64_t through = disk_.newest_change();
  Duration latency = random_between(disk_.random(), disk_.settings.min_sync_latency, disk_.settings.max_sync_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  if (chance(disk_.random(), disk_.settings.sync_error)) co_return io_error("sync", path);
  disk_.commit_through(*directory, through);
  co_return Status{};
}

Task<Result<std::vector<std::string>>> SimFileSystem::list(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr directory, disk_.find(path));
  if (!directory->is_directory) co_return fail(ErrorCode::io, "list " + path + ": not a directory");
  std::vector<std::string> names;
  for (const auto& [name, child] : directory->entries) names.push_back(name);
  Duration latency = random_between(disk_.random(), Duration{0}, disk_.settings.max_read_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  co_return names;
}

Task<Result<uint64_t>> SimFileSystem::free_bytes(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr inode, disk_.find(path));
  co_return disk_.free_bytes();
}

Task<Result<uint64_t>> SimFileSystem::total_bytes(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr inode, disk_.find(path));
  co_return disk_.settings.capacity;
}

Task<Result<uint64_t>> SimFileSystem::file_size(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr inode, disk_.find(path));
  if (inode->is_directory) co_return fail(ErrorCode::io, "size of " + path + ": is a directory");
  co_return inode->data.size();
}

Task<Status> SimFileSystem::sync_all(std::string path) {
  CO_TRY_STATUS(alive(disk_, incarnation_));
  CO_TRY(SimInodePtr named, disk_.find(path));
  std::vector<SimInodePtr> all = disk_.all_inodes();
  std::vector<SimFileData::Snapshot> snapshots;
  for (const SimInodePtr& inode : all) snapshots.push_back(inode->data.begin_sync());
  uint64_t through = disk_.newest_change();
  Duration latency = random_between(disk_.random(), disk_.settings.min_sync_latency, disk_.settings.max_sync_latency);
  Status waited = co_await pause(disk_, executor_, incarnation_, latency);
  CO_TRY_STATUS(waited);
  bool failed = chance(disk_.random(), disk_.settings.sync_error);
  for (size_t i = 0; i < all.size(); ++i) {
    if (failed) {
      all[i]->data.fail_sync(snapshots[i], disk_.random());
    } else {
      all[i]->data.end_sync(snapshots[i]);
      disk_.commit_through(*all[i], through);
    }
  }
  for (const SimInodePtr& inode : all) failed |= std::exchange(inode->writeback_failed, false);
  if (failed) co_return io_error("sync all of", path);
  co_return Status{};
}

}  // namespace distributary
