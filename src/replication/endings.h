// Ways in which a session ends, as codes of the protocol.
#pragma once

#include "base/error.h"
#include "replication/replication_status.h"
#include "wire/link/messages.h"

namespace distributary {

// gap, diverged, corrupt, storage_full and unsupported have codes of their own; all else is `otherwise`.
Ending ending_of(const Error& error, LinkErrorCode otherwise);
// Of an error in reading or writing a connection: ErrProtocol when the bytes were wrong, else ErrConnectionLost.
Ending ending_of_connection(const Error& error);
// What `replica list` shows while nothing flows because of `code`.
LinkState state_after(LinkErrorCode code);

}  // namespace distributary
