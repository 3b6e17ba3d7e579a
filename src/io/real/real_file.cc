#include "io/real/real_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "io/real/posix_error.h"
#include "io/task_scope.h"

namespace distributary {

namespace {

constexpr size_t kPiecesPerWrite = 512;  // at most IOV_MAX
constexpr size_t kScatteredJobs = 2;     // of one call; more fill the device's queue before producers' syncs
constexpr size_t kRangesPerJob = 4;      // at least: fewer are not worth a thread

// A write into the page cache that is small takes 10 to 30 us, less than to wake a thread for it and be woken. One that
// had to wait for the device all the same sends those that follow to the pool for a while.
constexpr size_t kInlineWriteBytes = 128u << 10;
constexpr Duration kInlineWriteSlow = std::chrono::milliseconds(2);
constexpr Duration kInlineWritePause = std::chrono::seconds(1);

// What is left to write of a list of pieces.
class Remaining {
 public:
  Remaining(uint64_t at, const std::vector<Bytes>& pieces) : at_(at) {
    for (const Bytes& piece : pieces) {
      if (!piece.empty()) parts_.push_back({const_cast<uint8_t*>(piece.data()), piece.size()});
    }
  }
  bool done() const { return first_ == parts_.size(); }
  size_t bytes() const {
    size_t sum = 0;
    for (size_t i = first_; i < parts_.size(); ++i) sum += parts_[i].iov_len;
    return sum;
  }
  // The rest of it; 0 or errno.
  int write_all(int descriptor) {
    int failed = 0;
    while (!done() && failed == 0) failed = write_once(descriptor, 0);
    return failed;
  }
  // One call; 0 or errno.
  int write_once(int descriptor, int flags) {
    int count = static_cast<int>(std::min(parts_.size() - first_, kPiecesPerWrite));
    ssize_t written = pwritev2(descriptor, parts_.data() + first_, count, static_cast<off_t>(at_), flags);
    if (written < 0) return errno == EINTR ? 0 : errno;
    advance(static_cast<size_t>(written));
    return 0;
  }

 private:
  void advance(size_t written) {
    at_ += written;
    while (written > 0) {
      iovec& part = parts_[first_];
      size_t step = std::min(written, part.iov_len);
      part.iov_base = static_cast<uint8_t*>(part.iov_base) + step;
      part.iov_len -= step;
      written -= step;
      if (part.iov_len == 0) ++first_;
    }
  }
  uint64_t at_;
  std::vector<iovec> parts_;
  size_t first_ = 0;
};

// Whether this machine's file systems know RWF_NOWAIT; asked no more once one has said no.
std::atomic<bool> nowait_reads{true};
std::atomic<bool> nowait_writes{true};

uint64_t new_stamp() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

// As much as there is without waiting (with RWF_NOWAIT) or until the end of the file. errno in `error`, or 0.
size_t read_now(int descriptor, uint64_t at, MutableBytes into, int flags, int& error) {
  size_t have = 0;
  error = 0;
  while (have < into.size()) {
    iovec part{into.data() + have, into.size() - have};
    ssize_t got = preadv2(descriptor, &part, 1, static_cast<off_t>(at + have), flags);
    if (got == 0) break;
    if (got > 0) {
      have += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  return have;
}

}  // namespace

RealFile::RealFile(Executor& executor, BlockingPool& pool, BlockingPool& reads, int descriptor, std::string path,
                   bool created)
    : executor_(executor),
      pool_(pool),
      reads_(reads),
      descriptor_(descriptor),
      path_(std::move(path)),
      device_stamp_(created ? 0 : new_stamp()),
      changed_(change_times()),
      turn_ended_(executor) {}

// The last who closes a removed file gives its space back, which takes long for a large one.
RealFile::~RealFile() {
  auto close_all = [descriptor = descriptor_, scattered = scattered_] {
    ::close(descriptor);
    if (scattered >= 0) ::close(scattered);
  };
  struct stat status {};
  const bool removed = ::fstat(descriptor_, &status) == 0 && status.st_nlink == 0;
  direct_.reset();
  if (removed) {
    pool_.run(executor_, close_all, [] {});
  } else {
    close_all();
  }
}

Task<Result<size_t>> RealFile::read(uint64_t at, MutableBytes into) { return read_from(descriptor_, at, into); }

Task<Result<size_t>> RealFile::read_scattered(uint64_t at, MutableBytes into) {
  if (into.empty()) co_return size_t{0};
  // The page cache is asked first what it has, for even a read that may not wait makes it fetch whole pages.
  if (in_page_cache(descriptor_, at, into.size())) co_return co_await read_from(scattered_descriptor(), at, into);
  const DirectReader* direct = direct_reader();
  if (direct == nullptr) co_return co_await read_from(scattered_descriptor(), at, into);
  int error = 0;
  auto work = [direct, at, into, &error] { return direct->read(at, into, error); };
  size_t have = co_await run_blocking(reads_, executor_, work);
  if (error == EINVAL) co_return co_await read_from(scattered_descriptor(), at, into);
  if (error != 0) co_return posix_error("read", path_, error);
  co_return have;
}

struct RealFile::ScatteredJob {
  int descriptor = -1;
  const DirectReader* direct = nullptr;  // or null
  std::span<const ReadRange> ranges;
  int error = 0;
  bool through_cache = false;  // something was read into the page cache
  uint64_t short_at = 0;       // where the file ended too early; 0: nowhere

  // On a thread of the pool.
  size_t run() {
    for (const ReadRange& range : ranges) {
      size_t have = 0;
      error = EINVAL;
      const bool cached = in_page_cache(descriptor, range.at, range.into.size());
      if (direct != nullptr && !cached) have = direct->read(range.at, range.into, error);
      if (error == EINVAL && !cached) through_cache = true;
      if (error == EINVAL) have = read_now(descriptor, range.at, range.into, 0, error);
      if (error == 0 && have < range.into.size()) short_at = range.at + have;
      if (error != 0 || short_at != 0) break;
    }
    return 0;
  }
};

Task<void> RealFile::run_job(ScatteredJob& job) {
  auto work = [&job] { return job.run(); };
  size_t done = co_await run_blocking(reads_, executor_, work);
  (void)done;
}

Task<Status> RealFile::read_scattered_all(std::vector<ReadRange> ranges) {
  if (ranges.size() < kRangesPerJob) co_return co_await File::read_scattered_all(std::move(ranges));
  const size_t jobs_wanted = std::clamp<size_t>(ranges.size() / kRangesPerJob, 1, kScatteredJobs);
  const size_t per_job = (ranges.size() + jobs_wanted - 1) / jobs_wanted;
  std::vector<ScatteredJob> jobs;
  for (size_t at = 0; at < ranges.size(); at += per_job) {
    std::span<const ReadRange> part = std::span(ranges).subspan(at, std::min(per_job, ranges.size() - at));
    jobs.push_back({scattered_descriptor(), direct_reader(), part});
  }
  TaskScope scope(executor_);
  for (ScatteredJob& job : jobs) scope.spawn(run_job(job));
  co_await scope.join();
  if (std::ranges::any_of(jobs, &ScatteredJob::through_cache)) device_stamp_ = new_stamp();
  for (const ScatteredJob& job : jobs) {
    if (job.error != 0) co_return posix_error("read", path_, job.error);
    if (job.short_at != 0)
      co_return fail(ErrorCode::io,
                     path_ + " ends at byte " + std::to_string(job.short_at) + ", before what was asked");
  }
  co_return Status{};
}

const DirectReader* RealFile::direct_reader() {
  if (!std::exchange(asked_direct_, true)) direct_ = DirectReader::open(descriptor_);
  return direct_.get();
}

int RealFile::scattered_descriptor() {
  if (scattered_ < 0) {
    // By descriptor and not by path: the file may have been renamed.
    std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
    scattered_ = ::open(self.c_str(), O_RDONLY | O_CLOEXEC);
    if (scattered_ < 0) return descriptor_;
    ::posix_fadvise(scattered_, 0, 0, POSIX_FADV_RANDOM);
  }
  return scattered_;
}

Task<Result<size_t>> RealFile::read_from(int descriptor, uint64_t at, MutableBytes into) {
  size_t have = 0;
  int error = EAGAIN;
  if (nowait_reads.load(std::memory_order_relaxed)) have = read_now(descriptor, at, into, RWF_NOWAIT, error);
  if (error == 0) co_return have;
  if (error == EOPNOTSUPP) nowait_reads.store(false, std::memory_order_relaxed);
  MutableBytes rest = into.subspan(have);
  device_stamp_ = new_stamp();
  auto work = [descriptor, at, have, rest, &error] { return read_now(descriptor, at + have, rest, 0, error); };
  size_t more = co_await run_blocking(reads_, executor_, work);
  if (error != 0) co_return posix_error("read", path_, error);
  co_return have + more;
}

RealFile::ChangeTimes RealFile::change_times() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return {};
  return {status.st_mtim, status.st_ctim};
}

// What somebody else has written is like what has just come from the device.
void RealFile::look_for_changes() {
  const ChangeTimes now = change_times();
  auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
  if (same(now.content, changed_.content) && same(now.inode, changed_.inode)) return;
  changed_ = now;
  device_stamp_ = new_stamp();
}

uint64_t RealFile::device_stamp() {
  if (current_turn_ == next_turn_) look_for_changes();
  return device_stamp_;
}

Task<void> RealFile::wait_for_turn(uint64_t turn) {
  while (current_turn_ < turn) {
    Status waited = co_await turn_ended_.wait();
    CHECK(waited.has_value());
  }
}

void RealFile::end_turn() {
  changed_ = change_times();
  ++current_turn_;
  turn_ended_.notify_all();
}

Task<Status> RealFile::write(uint64_t at, std::vector<Bytes> pieces) {
  uint64_t turn = next_turn_++;
  co_await wait_for_turn(turn);
  look_for_changes();
  Remaining remaining(at, pieces);
  int error = 0;
  while (!remaining.done() && error == 0 && nowait_writes.load(std::memory_order_relaxed)) {
    error = remaining.write_once(descriptor_, RWF_NOWAIT);
    if (error == EOPNOTSUPP) nowait_writes.store(false, std::memory_order_relaxed);
  }
  bool would_wait = error == EAGAIN;
  if (would_wait || error == EOPNOTSUPP) error = 0;
  if (!remaining.done() && error == 0) {
    auto work = [&remaining, descriptor = descriptor_] { return remaining.write_all(descriptor); };
    if (!would_wait && remaining.bytes() <= kInlineWriteBytes && executor_.clock().now() >= no_inline_before_) {
      error = write_inline(work);
    } else {
      error = co_await run_blocking(pool_, executor_, work);
    }
  }
  end_turn();
  if (error != 0) co_return posix_error("write", path_, error);
  co_return Status{};
}

// On the executor's thread: only where RWF_NOWAIT is not known, for what is most likely done at once.
int RealFile::write_inline(const std::function<int()>& work) {
  SteadyTime begin = executor_.clock().now();
  int error = work();
  SteadyTime end = executor_.clock().now();
  if (end - begin > kInlineWriteSlow) no_inline_before_ = end + kInlineWritePause;
  return error;
}

Task<Status> RealFile::sync() {
  co_await wait_for_turn(next_turn_);  // the changes called before, not the later ones
  auto work = [descriptor = descriptor_] { return ::fdatasync(descriptor) == 0 ? 0 : errno; };
  int error = co_await run_blocking(pool_, executor_, work);
  if (error != 0) co_return posix_error("sync", path_, error);
  co_return Status{};
}

Task<Status> RealFile::truncate(uint64_t size) {
  uint64_t turn = next_turn_++;
  co_await wait_for_turn(turn);
  look_for_changes();
  auto work = [descriptor = descriptor_, size] {
    return ::ftruncate(descriptor, static_cast<off_t>(size)) == 0 ? 0 : errno;
  };
  int error = co_await run_blocking(pool_, executor_, work);
  end_turn();
  if (error != 0) co_return posix_error("truncate", path_, error);
  co_return Status{};
}

Task<Status> RealFile::allocate(uint64_t size) {
  uint64_t turn = next_turn_++;
  co_await wait_for_turn(turn);
  look_for_changes();
  auto work = [descriptor = descriptor_, size] {
    int failed = 0;
    do {
      failed = ::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
    } while (failed == EINTR);
    return failed;
  };
  int error = co_await run_blocking(pool_, executor_, work);
  end_turn();
  if (error != 0 && error != EOPNOTSUPP) co_return posix_error("allocate", path_, error);
  co_return Status{};
}

Result<uint64_t> RealFile::size() {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return posix_error("size of", path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace distributary
