// distributary_crash_test [--kills N] [--seed S] [--directory D]
//
// SIGKILL takes the process, not the page cache: what a power failure takes is the business of the simulation.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>

#include "crash/ledger.h"
#include "crash/victim.h"

namespace distributary::crash {
namespace {

constexpr uint64_t kKillsPerDirectory = 20;
constexpr int kPipeBytes = 1 << 20;
constexpr auto kPatience = std::chrono::seconds(60);  // until a process says that it is ready

using Time = std::chrono::steady_clock::time_point;

struct Options {
  uint64_t kills = 20;
  uint64_t seed = 1;
  std::string directory;
};

// Runs one process and kills it.
class Hunt {
 public:
  Hunt(Ledger& ledger, VictimOrders orders) : ledger_(ledger), orders_(std::move(orders)) {}
  // Kills it `after_start`, or `after_ready`: whichever is given.
  void run(std::optional<std::chrono::microseconds> after_start, std::chrono::microseconds after_ready);

 private:
  void start();
  bool read_messages(Time until);  // false: the pipe has ended
  Ledger& ledger_;
  VictimOrders orders_;
  pid_t process_ = -1;
  int from_victim_ = -1;
  std::optional<Time> ready_;
};

void Hunt::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[0]);
    orders_.pipe = ends[1];
    std::_Exit(run_victim(orders_));
  }
  ::close(ends[1]);
  from_victim_ = ends[0];
}

bool Hunt::read_messages(Time until) {
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return true;
    timespec wait{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    pollfd waiting{from_victim_, POLLIN, 0};
    if (::ppoll(&waiting, 1, &wait, nullptr) <= 0) continue;
    Message message;
    if (::read(from_victim_, &message, sizeof(message)) != sizeof(message)) return false;
    ledger_.take(message);
    if (message.about == About::ready && !ready_) {
      ready_ = std::chrono::steady_clock::now();
      return true;
    }
  }
}

void Hunt::run(std::optional<std::chrono::microseconds> after_start, std::chrono::microseconds after_ready) {
  ledger_.begin_process();
  start();
  Time began = std::chrono::steady_clock::now();
  bool going = read_messages(after_start ? began + *after_start : began + kPatience);
  if (going && ready_ && !orders_.only_look) going = read_messages(*ready_ + after_ready);
  if (!orders_.only_look) ::kill(process_, SIGKILL);
  while (going) going = read_messages(std::chrono::steady_clock::now() + kPatience);
  int status = 0;
  ::waitpid(process_, &status, 0);
  ::close(from_victim_);
  bool expected = orders_.only_look ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                                    : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!expected) ledger_.take(Message{});
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    std::string name = words[i];
    if (name == "--kills")
      options.kills = std::stoull(words[i + 1]);
    else if (name == "--seed")
      options.seed = std::stoull(words[i + 1]);
    else if (name == "--directory")
      options.directory = words[i + 1];
    else
      fmt::print(stderr, "unknown option {}\n", name), std::exit(2);
  }
  if (options.directory.empty())
    options.directory =
        (std::filesystem::temp_directory_path() / fmt::format("distributary-crash-{}", ::getpid())).string();
  return options;
}

// Kills up to kKillsPerDirectory processes on one stream, one after the other, then looks twice: after the last kill
// and after a clean stop.
uint64_t hunt_in(const Options& options, uint64_t kills, uint64_t round, Ledger& ledger) {
  std::filesystem::remove_all(options.directory);
  std::filesystem::create_directories(options.directory);
  std::mt19937_64 random(options.seed * 7919 + round);
  VictimOrders orders{options.directory, options.seed + round * 1'000'000};
  for (uint64_t kill = 0; kill < kills + 2 && ledger.faults().empty(); ++kill) {
    orders.process = kill + 1;
    orders.chain_lsn = ledger.chain_lsn();
    orders.only_look = kill >= kills;
    std::optional<std::chrono::microseconds> after_start;
    if (!orders.only_look && random() % 4 == 0)
      after_start = std::chrono::microseconds(random() % 60'000);  // while it opens
    Hunt hunt(ledger, orders);
    hunt.run(after_start, std::chrono::microseconds(random() % 250'000));
  }
  for (const std::string& fault : ledger.faults()) fmt::print("seed {} round {}: {}\n", options.seed, round, fault);
  if (ledger.faults().empty())
    std::filesystem::remove_all(options.directory);
  else
    fmt::print("the stream is left in {}\n", options.directory);
  return ledger.faults().size();
}

int run(int count, char** words) {
  Options options = parse(count, words);
  uint64_t acked = 0;
  uint64_t checked = 0;
  uint64_t round = 0;
  for (uint64_t killed = 0; killed < options.kills; ++round) {
    uint64_t kills = std::min(kKillsPerDirectory, options.kills - killed);
    Ledger ledger;
    if (hunt_in(options, kills, round, ledger) != 0) return 1;
    killed += kills;
    acked += ledger.acked_batches();
    checked += ledger.checked_batches();
  }
  fmt::print("{} kills, seed {}: {} batches acknowledged, {} found and checked, none lost, changed or made up\n",
             options.kills, options.seed, acked, checked);
  return acked > 0 && checked > 0 ? 0 : 1;
}

}  // namespace
}  // namespace distributary::crash

int main(int count, char** words) { return distributary::crash::run(count, words); }
