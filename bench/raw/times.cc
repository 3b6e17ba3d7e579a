// ping: one message of `size` bytes to and fro over TCP. sync: writes of `size` bytes, each with fdatasync.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "common/child.h"
#include "common/clock.h"
#include "common/latencies.h"
#include "raw/raw.h"

namespace distributary::bench {

void ping(const Arguments& arguments) {
  auto [one, other] = connected_pair();
  uint64_t count = arguments.number("count", 20'000);
  size_t size = arguments.number("size", 1024);
  std::thread echo([&, &other = other] {
    std::vector<char> message(size);
    for (uint64_t n = 0; n < count; ++n) {
      receive_all(other.get(), message.data(), size);
      send_all(other.get(), message.data(), size);
    }
  });
  Latencies times;
  std::vector<char> message(size);
  for (uint64_t n = 0; n < count; ++n) {
    int64_t began = now_ns();
    send_all(one.get(), message.data(), size);
    receive_all(one.get(), message.data(), size);
    times.add(static_cast<uint64_t>(now_ns() - began));
  }
  echo.join();
  fmt::print("{{\"round_trip\": {}}}\n", times.json());
}

void sync_writes(const Arguments& arguments) {
  Descriptor file = open_file(arguments.text("file"), O_WRONLY | O_CREAT | O_TRUNC);
  std::vector<char> data(arguments.number("size", 4096), 'x');
  Latencies times;
  int64_t began = now_ns();
  int64_t end = began + static_cast<int64_t>(arguments.real("seconds", 2) * 1e9);
  uint64_t bytes = 0;
  while (now_ns() < end) {
    int64_t start = now_ns();
    check_errno(::write(file.get(), data.data(), data.size()) == static_cast<ssize_t>(data.size()), "write");
    check_errno(::fdatasync(file.get()) == 0, "fdatasync");
    times.add(static_cast<uint64_t>(now_ns() - start));
    bytes += data.size();
  }
  fmt::print(R"({{"bytes": {}, "seconds": {:.6f}, "write": {}}})"
             "\n",
             bytes, seconds_of(now_ns() - began), times.json());
}

}  // namespace distributary::bench
