#include "io/real/posix_error.h"

#include <cerrno>
#include <system_error>

namespace distributary {

tl::unexpected<Error> posix_error(std::string_view operation, std::string_view path, int error_number) {
  ErrorCode code = ErrorCode::io;
  switch (error_number) {
    case ENOENT: code = ErrorCode::not_found; break;
    case EEXIST: code = ErrorCode::already_exists; break;
    case ENOSPC:
    case EDQUOT: code = ErrorCode::storage_full; break;
    default: break;
  }
  std::string message(operation);
  message.append(" ").append(path).append(": ").append(std::system_category().message(error_number));
  return fail(code, std::move(message));
}

}  // namespace distributary
