// Why a link was refused or stopped. The numbers are on the wire, the names in `replica list`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace distributary {

enum class LinkErrorCode : uint16_t {
  done = 1,
  paused = 2,
  removed = 3,
  shutting_down = 4,
  protocol = 100,
  protocol_version = 101,
  root_not_trusted = 102,
  replica_not_found = 103,
  replica_uuid_mismatch = 104,
  not_an_upstream = 105,
  upstream_uuid_mismatch = 106,
  grant_invalid = 107,
  stale_epoch = 108,
  superseded = 109,
  too_many_sessions = 110,
  session_not_found = 111,
  gap = 120,
  diverged = 121,
  ahead = 122,
  corrupt = 123,
  unsupported_entry = 124,
  storage_full = 125,
  replica_failed = 126,
  source_failed = 127,
  // Never on the wire:
  all_gateways_unreachable = 200,
  no_gateways = 201,
  connection_lost = 202,
};

// "ErrNotAnUpstream", "Done" and so on.
std::string_view name(LinkErrorCode code);
// nullopt for a number that may not be on the wire.
std::optional<LinkErrorCode> link_error_from_wire(uint16_t number);

}  // namespace distributary
