#include "base/error.h"

namespace distributary {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::unauthenticated: return "unauthenticated";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::out_of_range: return "out_of_range";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::fenced: return "fenced";
    case ErrorCode::storage_full: return "storage_full";
    case ErrorCode::io: return "io";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::closed: return "closed";
    case ErrorCode::not_owner: return "not_owner";
    case ErrorCode::diverged: return "diverged";
    case ErrorCode::gap: return "gap";
  }
  return "unknown";
}

Error Error::context(std::string_view phrase) const { return Error{code, std::string(phrase) + ": " + message}; }

}  // namespace distributary
