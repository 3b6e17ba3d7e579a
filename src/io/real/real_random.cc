#include "io/real/real_random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace distributary {

namespace {
void fetch(MutableBytes out) {
  for (size_t have = 0; have < out.size();) {
    ssize_t got = getrandom(out.data() + have, out.size() - have, 0);
    CHECK(got > 0 || errno == EINTR);  // nothing else can go wrong once the kernel's pool is ready
    if (got > 0) have += static_cast<size_t>(got);
  }
}
}  // namespace

void RealRandom::fill(MutableBytes out) {
  if (out.size() > sizeof buffer_) return fetch(out);
  while (!out.empty()) {
    if (used_ == sizeof buffer_) {
      fetch(buffer_);
      used_ = 0;
    }
    size_t count = std::min(out.size(), sizeof buffer_ - used_);
    std::copy_n(buffer_.begin() + static_cast<ptrdiff_t>(used_), count, out.begin());
    std::fill_n(buffer_.begin() + static_cast<ptrdiff_t>(used_), count, uint8_t{0});  // given out once, kept nowhere
    used_ += count;
    out = out.subspan(count);
  }
}

}  // namespace distributary
