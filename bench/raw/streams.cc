// send: page cache to a socket to a reader that throws it away, by sendfile or by pread and send.
// hops: page cache, a socket, [a relay that passes it on, a socket,] then checksum and file: what a broker must do with
//       what producers send (hops=1), and what replication through a gateway must do (hops=2), and nothing else. With
//       tls=1 the connections are encrypted, and authenticated, as those of links are.
// serve, pull: bytes over `connections` TCP connections at once between two processes, for the wide area network.
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>

#include "base/checksum.h"
#include "common/child.h"
#include "common/clock.h"
#include "raw/channel.h"
#include "raw/raw.h"

namespace distributary::bench {
namespace {

constexpr size_t kPiece = 256 << 10;
constexpr size_t kSyncEvery = 1 << 20;

void send_file(const std::string& path, Channel& to, bool by_sendfile) {
  Descriptor file = open_file(path, O_RDONLY);
  std::vector<uint8_t> buffer(kPiece);
  while (true) {
    ssize_t count = by_sendfile ? ::sendfile(to.socket().get(), file.get(), nullptr, kPiece)
                                : ::read(file.get(), buffer.data(), buffer.size());
    check_errno(count >= 0, "reading " + path);
    if (count == 0) break;
    if (!by_sendfile) to.send(buffer.data(), static_cast<size_t>(count));
  }
  to.end();
}

uint64_t receive(Channel& from, const std::function<void(ByteView)>& use) {
  std::vector<uint8_t> buffer(kPiece);
  uint64_t total = 0;
  while (true) {
    size_t count = from.receive(buffer.data(), buffer.size());
    if (count == 0) return total;
    use(ByteView(buffer.data(), count));
    total += count;
  }
}

// Checks and writes, and syncs after every MiB if that is wanted.
uint64_t store(Channel& from, const std::string& path, bool sync) {
  Descriptor file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  uint32_t checksum = 0;
  size_t unsynced = 0;
  uint64_t total = receive(from, [&](ByteView piece) {
    checksum = crc32c(piece, checksum);
    check_errno(::write(file.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()), "write");
    unsynced += piece.size();
    if (!sync || unsynced < kSyncEvery) return;
    check_errno(::fdatasync(file.get()) == 0, "fdatasync");
    unsynced = 0;
  });
  if (sync) check_errno(::fdatasync(file.get()) == 0, "fdatasync");
  return total;
}

void print(uint64_t bytes, int64_t began, double cpu_before) {
  double seconds = seconds_of(now_ns() - began);
  fmt::print(R"({{"bytes": {}, "seconds": {:.6f}, "cpu_seconds": {:.6f}}})"
             "\n",
             bytes, seconds, cpu_seconds() - cpu_before);
}

}  // namespace

void send_from_file(const Arguments& arguments) {
  const std::string& path = arguments.text("file");
  make_file(path, arguments.text("payload"), arguments.number("bytes"));
  Pipe pipe(false);
  double cpu_before = cpu_seconds();
  int64_t began = now_ns();
  std::thread sender([&] { send_file(path, pipe.in, arguments.flag("sendfile")); });
  uint64_t total = receive(pipe.out, [](ByteView) {});
  sender.join();
  print(total, began, cpu_before);
}

void hops(const Arguments& arguments) {
  const std::string& path = arguments.text("file");
  make_file(path, arguments.text("payload"), arguments.number("bytes"));
  const bool tls = arguments.flag("tls");
  Pipe first(tls);
  std::unique_ptr<Pipe> second;
  if (arguments.number("hops", 1) == 2) second = std::make_unique<Pipe>(tls);
  std::vector<std::thread> threads;
  double cpu_before = cpu_seconds();
  int64_t began = now_ns();
  threads.emplace_back([&] { send_file(path, first.in, !tls); });
  if (second) {
    threads.emplace_back([&] {
      receive(first.out, [&](ByteView piece) { second->in.send(piece.data(), piece.size()); });
      second->in.end();
    });
  }
  uint64_t total = store(second ? second->out : first.out, path + ".copy", arguments.flag("sync"));
  for (std::thread& thread : threads) thread.join();
  print(total, began, cpu_before);
}

// Sends to whoever connects, until standard input ends.
void serve(const Arguments& arguments) {
  Descriptor listener = listen_on(arguments.text("address"), static_cast<uint16_t>(arguments.number("port")));
  fmt::print("{{\"event\": \"listening\"}}\n");
  std::fflush(stdout);
  std::vector<char> piece(kPiece, 'x');
  std::string congestion = arguments.text("congestion", "");
  uint64_t connections = arguments.number("connections", 1);
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < connections; ++i) {
    threads.emplace_back([&piece, &congestion, socket = accept_from(listener)] {
      if (!congestion.empty())
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                     static_cast<socklen_t>(congestion.size()));
      while (::send(socket.get(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void pull(const Arguments& arguments) {
  std::vector<std::thread> threads;
  std::atomic<uint64_t> total{0};
  double cpu_before = cpu_seconds();
  int64_t began = now_ns();
  int64_t end = began + static_cast<int64_t>(arguments.real("seconds", 5) * 1e9);
  for (uint64_t i = 0; i < arguments.number("connections", 1); ++i) {
    threads.emplace_back([&] {
      Descriptor socket = connect_to(arguments.text("address"), static_cast<uint16_t>(arguments.number("port")));
      std::vector<uint8_t> buffer(kPiece);
      while (now_ns() < end) {
        ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        total += static_cast<uint64_t>(count);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  print(total, began, cpu_before);
}

}  // namespace distributary::bench
