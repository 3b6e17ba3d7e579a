#include "io/real/tcp_options.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace distributary {

namespace {
constexpr int kUnsentBytes = 256 << 10;  // in the system's queue and not sent yet
constexpr uint32_t kNoRoundTrip = ~0u;   // the kernel's word for it
}  // namespace

Duration tcp_round_trip(int descriptor) {
  tcp_info info;
  std::memset(&info, 0, sizeof info);  // an older kernel fills less
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return Duration{0};
  if (info.tcpi_min_rtt == kNoRoundTrip) return Duration{0};
  return std::chrono::microseconds(info.tcpi_min_rtt);
}

void tune_tcp_for_distance(int descriptor) {
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3);
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

}  // namespace distributary
