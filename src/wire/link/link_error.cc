#include "wire/link/link_error.h"

namespace distributary {

namespace {

struct Row {
  LinkErrorCode code;
  std::string_view name;
};

constexpr Row kRows[] = {
    {LinkErrorCode::done, "Done"},
    {LinkErrorCode::paused, "Paused"},
    {LinkErrorCode::removed, "Removed"},
    {LinkErrorCode::shutting_down, "ErrShuttingDown"},
    {LinkErrorCode::protocol, "ErrProtocol"},
    {LinkErrorCode::protocol_version, "ErrProtocolVersion"},
    {LinkErrorCode::root_not_trusted, "ErrRootNotTrusted"},
    {LinkErrorCode::replica_not_found, "ErrReplicaNotFound"},
    {LinkErrorCode::replica_uuid_mismatch, "ErrReplicaUuidMismatch"},
    {LinkErrorCode::not_an_upstream, "ErrNotAnUpstream"},
    {LinkErrorCode::upstream_uuid_mismatch, "ErrUpstreamUuidMismatch"},
    {LinkErrorCode::grant_invalid, "ErrGrantInvalid"},
    {LinkErrorCode::stale_epoch, "ErrStaleEpoch"},
    {LinkErrorCode::superseded, "ErrSuperseded"},
    {LinkErrorCode::too_many_sessions, "ErrTooManySessions"},
    {LinkErrorCode::session_not_found, "ErrSessionNotFound"},
    {LinkErrorCode::gap, "ErrGap"},
    {LinkErrorCode::diverged, "ErrDiverged"},
    {LinkErrorCode::ahead, "ErrAhead"},
    {LinkErrorCode::corrupt, "ErrCorrupt"},
    {LinkErrorCode::unsupported_entry, "ErrUnsupportedEntry"},
    {LinkErrorCode::storage_full, "ErrStorageFull"},
    {LinkErrorCode::replica_failed, "ErrReplicaFailed"},
    {LinkErrorCode::source_failed, "ErrSourceFailed"},
    {LinkErrorCode::all_gateways_unreachable, "ErrAllGatewaysUnreachable"},
    {LinkErrorCode::no_gateways, "ErrNoGateways"},
    {LinkErrorCode::connection_lost, "ErrConnectionLost"},
};

constexpr uint16_t kFirstNotOnTheWire = 200;

}  // namespace

std::string_view name(LinkErrorCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.name;
  }
  return "ErrUnknown";
}

std::optional<LinkErrorCode> link_error_from_wire(uint16_t number) {
  if (number >= kFirstNotOnTheWire) return std::nullopt;
  for (const Row& row : kRows) {
    if (static_cast<uint16_t>(row.code) == number) return row.code;
  }
  return std::nullopt;
}

}  // namespace distributary
