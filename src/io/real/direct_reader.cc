#include "io/real/direct_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace distributary {

namespace {

constexpr size_t kSmallestAlignment = 512;
constexpr size_t kLargestBlock = 4096;  // with larger ones the page cache is no worse

// Linux 6.5; younger than the headers of some systems that run on it.
#ifdef SYS_cachestat
constexpr long kCachestat = SYS_cachestat;
#else
constexpr long kCachestat = 451;  // the same on all architectures
#endif
struct CacheRange {
  uint64_t at;
  uint64_t length;
};
struct CacheState {
  uint64_t cached;  // pages
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

struct Free {
  void operator()(uint8_t* memory) const { std::free(memory); }
};

}  // namespace

bool in_page_cache(int descriptor, uint64_t at, size_t length) {
  static std::atomic<bool> known{true};  // whether this kernel has the call
  if (!known.load(std::memory_order_relaxed)) return false;
  static const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  CacheRange range{at, length};
  CacheState state{};
  if (::syscall(kCachestat, descriptor, &range, &state, 0) != 0) {
    if (errno == ENOSYS) known.store(false, std::memory_order_relaxed);
    return false;
  }
  uint64_t pages = (at + length - 1) / page - at / page + 1;
  return state.cached >= pages;
}

std::unique_ptr<DirectReader> DirectReader::open(int descriptor) {
  struct statx facts {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) != 0) return nullptr;
  if ((facts.stx_mask & STATX_DIOALIGN) == 0 || facts.stx_dio_offset_align == 0) return nullptr;
  if (facts.stx_dio_offset_align > kLargestBlock) return nullptr;
  // By descriptor and not by path: the file may have been renamed.
  std::string self = "/proc/self/fd/" + std::to_string(descriptor);
  int direct = ::open(self.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (direct < 0) return nullptr;
  size_t alignment = std::max<size_t>(facts.stx_dio_mem_align, kSmallestAlignment);
  return std::unique_ptr<DirectReader>(new DirectReader(direct, facts.stx_dio_offset_align, alignment));
}

DirectReader::~DirectReader() { ::close(descriptor_); }

size_t DirectReader::read(uint64_t at, MutableBytes into, int& error) const {
  error = 0;
  if (into.empty()) return 0;
  uint64_t from = at / block_ * block_;
  uint64_t end = (at + into.size() + block_ - 1) / block_ * block_;
  size_t skip = at - from;
  size_t unit = std::max(block_, alignment_);
  size_t size = (end - from + unit - 1) / unit * unit;  // as aligned_alloc asks for
  std::unique_ptr<uint8_t, Free> buffer(static_cast<uint8_t*>(std::aligned_alloc(alignment_, size)));
  if (!buffer) {
    error = ENOMEM;
    return 0;
  }
  size_t have = 0;
  while (have < end - from) {
    ssize_t got = ::pread(descriptor_, buffer.get() + have, end - from - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
    if (have % block_ != 0) break;  // the end of the file
  }
  if (error != 0 || have <= skip) return 0;
  size_t count = std::min(into.size(), have - skip);
  std::copy_n(buffer.get() + skip, count, into.begin());
  return count;
}

}  // namespace distributary
