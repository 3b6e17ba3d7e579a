#include "replication/replication_status.h"

namespace distributary {

std::string_view to_string(LinkState state) {
  switch (state) {
    case LinkState::paused: return "paused";
    case LinkState::connecting: return "connecting";
    case LinkState::replicating: return "replicating";
    case LinkState::idle: return "idle";
    case LinkState::copying: return "copying";
    case LinkState::regressed: return "regressed";
    case LinkState::unreachable: return "unreachable";
    case LinkState::refused: return "refused";
    case LinkState::gap: return "gap";
    case LinkState::diverged: return "diverged";
    case LinkState::ahead: return "ahead";
    case LinkState::failed: return "failed";
  }
  return "unknown";
}

std::string_view to_string(CopyState state) {
  switch (state) {
    case CopyState::running: return "RUNNING";
    case CopyState::done: return "DONE";
    case CopyState::failed: return "FAILED";
    case CopyState::cancelled: return "CANCELLED";
  }
  return "UNKNOWN";
}

}  // namespace distributary
