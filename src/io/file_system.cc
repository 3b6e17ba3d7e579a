#include "io/file_system.h"

#include <string>

namespace distributary {

Task<Status> File::read_scattered_all(std::vector<ReadRange> ranges) {
  for (const ReadRange& range : ranges) {
    CO_TRY(size_t got, co_await read_scattered(range.at, range.into));
    if (got < range.into.size()) {
      co_return fail(ErrorCode::io, "the file ends before byte " + std::to_string(range.at + range.into.size()));
    }
  }
  co_return Status{};
}

}  // namespace distributary
