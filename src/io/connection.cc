#include <algorithm>
#include <vector>

#include "io/file_system.h"
#include "io/network.h"

namespace distributary {

namespace {

constexpr size_t kSendBytes = 256u << 10;  // read at once

}  // namespace

Task<Status> Connection::send_file(File& file, uint64_t at, size_t size, SteadyTime deadline, std::stop_token stop) {
  std::vector<uint8_t> buffer(std::min(size, kSendBytes));
  while (size > 0) {
    const size_t wanted = std::min(size, buffer.size());
    CO_TRY(size_t got, co_await file.read(at, MutableBytes(buffer).first(wanted)));
    if (got < wanted) {
      co_return fail(ErrorCode::io, "a file that is being sent ends before byte " + std::to_string(at + wanted));
    }
    const ByteView piece = ByteView(buffer).first(wanted);
    CO_TRY_STATUS(co_await write({&piece, 1}, deadline, stop));
    at += wanted;
    size -= wanted;
  }
  co_return Status{};
}

}  // namespace distributary
