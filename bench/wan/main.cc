// bench_wan run left=NETNS right=NETNS [delay_ms= loss= mbit= seed=]: a wide area network between two network
// namespaces, for machines whose kernel has no netem. In each it makes the TUN device `wan0` and carries packets
// between the two: a fixed delay each way, random loss each way from a fixed seed, a rate, and a queue of 100 ms that
// drops at its tail. Ends with standard input. Needs root.
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "common/arguments.h"
#include "common/clock.h"

namespace distributary::bench {
namespace {

constexpr size_t kMostPacketBytes = 65536;
constexpr int64_t kQueueNs = 100'000'000;
constexpr int64_t kOverheadBytes = 38;  // of Ethernet, for each packet

void check_errno(bool good, const std::string& what) {
  if (!good) throw Failure(what + ": " + std::strerror(errno));
}

// The calling thread is in `space` afterwards.
void enter(const std::string& space) {
  int file = ::open(space.c_str(), O_RDONLY | O_CLOEXEC);
  check_errno(file >= 0, space);
  check_errno(::setns(file, CLONE_NEWNET) == 0, "entering " + space);
  ::close(file);
}

int tun_in(const std::string& space) {
  enter("/run/netns/" + space);
  int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  check_errno(tun >= 0, "/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "wan0");
  check_errno(::ioctl(tun, TUNSETIFF, &request) == 0, "making wan0 in " + space);
  return tun;
}

struct Conditions {
  int64_t delay_ns;
  double loss;
  double ns_per_byte;  // 0: no limit
  uint64_t seed;
};

// One direction.
class Lane {
 public:
  Lane(int from, int to, const Conditions& conditions)
      : from_(from), to_(to), conditions_(conditions), random_(conditions.seed), buffer_(kMostPacketBytes) {}

  void run() {
    sleep_precisely();
    while (true) {
      deliver();
      wait();
      for (ssize_t size = 0; (size = ::read(from_, buffer_.data(), buffer_.size())) > 0;) {
        take(static_cast<size_t>(size));
        deliver();
      }
    }
  }

 private:
  struct Packet {
    int64_t due;
    std::vector<char> bytes;
  };

  void take(size_t size) {
    if (std::uniform_real_distribution<>()(random_) < conditions_.loss) return;
    int64_t now = now_ns();
    int64_t leaves = std::max(now, busy_until_) +
                     static_cast<int64_t>(static_cast<double>(size + kOverheadBytes) * conditions_.ns_per_byte);
    if (leaves - now > kQueueNs) return;
    busy_until_ = leaves;
    queue_.push_back({leaves + conditions_.delay_ns, {buffer_.data(), buffer_.data() + size}});
  }

  void deliver() {
    while (!queue_.empty() && queue_.front().due <= now_ns()) {
      // A full device drops it, as a router would.
      if (::write(to_, queue_.front().bytes.data(), queue_.front().bytes.size()) < 0 && errno != EAGAIN) return;
      queue_.pop_front();
    }
  }

  void wait() {
    pollfd readable{from_, POLLIN, 0};
    int64_t left = queue_.empty() ? 1'000'000'000 : std::max<int64_t>(queue_.front().due - now_ns(), 0);
    timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    ::ppoll(&readable, 1, &timeout, nullptr);
  }

  int from_;
  int to_;
  const Conditions conditions_;
  std::mt19937_64 random_;
  std::vector<char> buffer_;
  std::deque<Packet> queue_;
  int64_t busy_until_ = 0;
};

void run(const Arguments& arguments) {
  int left = tun_in(arguments.text("left"));
  int right = tun_in(arguments.text("right"));
  double mbit = arguments.real("mbit", 0);
  Conditions conditions{static_cast<int64_t>(arguments.real("delay_ms", 0) * 1e6), arguments.real("loss", 0),
                        mbit > 0 ? 8000 / mbit : 0, arguments.number("seed", 1)};
  Lane there(left, right, conditions);
  conditions.seed += 1;
  Lane back(right, left, conditions);
  std::thread(&Lane::run, &there).detach();
  std::thread(&Lane::run, &back).detach();
  fmt::print("{{\"event\": \"ready\"}}\n");
  std::fflush(stdout);
  for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  std::_Exit(0);  // the lanes never end by themselves
}

}  // namespace
}  // namespace distributary::bench

int main(int count, char** words) {
  return distributary::bench::run_command(count, words, {{"run", distributary::bench::run}});
}
