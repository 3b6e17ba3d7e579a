// Inside of io/real: what Linux knows of a TCP connection, and may be asked to do with it. Apart from the sockets
// because the kernel's header and the C library's declare the same names.
#pragma once

#include "base/time.h"

namespace distributary {

// As Connection::round_trip and tune_for_distance.
Duration tcp_round_trip(int descriptor);
void tune_tcp_for_distance(int descriptor);

}  // namespace distributary
