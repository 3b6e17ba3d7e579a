#include "stream_bench/measures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

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
