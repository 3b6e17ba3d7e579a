#include "replication/endings.h"

namespace distributary {

Ending ending_of(const Error& error, LinkErrorCode otherwise) {
  switch (error.code) {
    case ErrorCode::gap: return {LinkErrorCode::gap, error.message};
    case ErrorCode::diverged: return {LinkErrorCode::diverged, error.message};
    case ErrorCode::corrupt: return {LinkErrorCode::corrupt, error.message};
    case ErrorCode::storage_full: return {LinkErrorCode::storage_full, error.message};
    case ErrorCode::unsupported: return {LinkErrorCode::unsupported_entry, error.message};
    default: return {otherwise, error.message};
  }
}

Ending ending_of_connection(const Error& error) {
  switch (error.code) {
    case ErrorCode::corrupt:
    case ErrorCode::unsupported:
    case ErrorCode::too_large: return {LinkErrorCode::protocol, error.message};
    default: return {LinkErrorCode::connection_lost, error.message};
  }
}

LinkState state_after(LinkErrorCode code) {
  switch (code) {
    case LinkErrorCode::gap: return LinkState::gap;
    case LinkErrorCode::diverged: return LinkState::diverged;
    case LinkErrorCode::ahead: return LinkState::ahead;
    case LinkErrorCode::source_failed:
    case LinkErrorCode::corrupt: return LinkState::failed;
    case LinkErrorCode::all_gateways_unreachable:
    case LinkErrorCode::no_gateways: return LinkState::unreachable;
    case LinkErrorCode::done:
    case LinkErrorCode::paused:
    case LinkErrorCode::removed:
    case LinkErrorCode::shutting_down:
    case LinkErrorCode::superseded:
    case LinkErrorCode::connection_lost: return LinkState::connecting;
    default: return LinkState::refused;
  }
}

}  // namespace distributary
