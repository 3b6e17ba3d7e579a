#include "stream_bench/measures.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <fstream>

namespace distributary::bench {
namespace {

uint64_t field_of(const char* path, const std::string& wanted) {
  std::ifstream file(path);
  for (std::string key; file >> key;) {
    uint64_t value = 0;
    if (key != wanted) continue;
    file >> value;
    return value;
  }
  return 0;
}

}  // namespace

void Latencies::add(uint64_t microseconds, uint64_t count) {
  uint64_t value = microseconds + kSteps;
  int shift = std::bit_width(value) - 5;  // leaves 16 to 31
  size_t bucket = static_cast<size_t>(shift) * kSteps + (value >> shift) - kSteps;
  buckets_[bucket] += count;
  count_ += count;
}

uint64_t Latencies::percentile(double share) const {
  auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen <= wanted) continue;
    return ((bucket % kSteps + kSteps + 1) << (bucket / kSteps)) - kSteps;
  }
  return 0;
}

std::string Latencies::text() const {
  auto millis = [this](double share) { return static_cast<double>(percentile(share)) / 1000; };
  return fmt::format("p50 {:.2f} p99 {:.2f} p99.9 {:.2f} ms", millis(0.5), millis(0.99), millis(0.999));
}

Usage Usage::now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  Usage usage;
  usage.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  usage.read_bytes = field_of("/proc/self/io", "read_bytes:");
  usage.write_bytes = field_of("/proc/self/io", "write_bytes:");
  return usage;
}

Usage Usage::since(const Usage& earlier) const {
  return {seconds - earlier.seconds, cpu_seconds - earlier.cpu_seconds, read_bytes - earlier.read_bytes,
          write_bytes - earlier.write_bytes};
}

uint64_t resident_bytes() { return field_of("/proc/self/status", "VmRSS:") * 1024; }
uint64_t peak_resident_bytes() { return field_of("/proc/self/status", "VmHWM:") * 1024; }

bool drop_page_cache() {
  ::sync();
  std::ofstream file("/proc/sys/vm/drop_caches");
  file << "3\n";
  file.flush();
  return file.good();
}

}  // namespace distributary::bench
