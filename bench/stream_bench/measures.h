// What a benchmark reads of itself: latencies, CPU time, memory, bytes moved from the device.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace distributary::bench {

// Latencies in buckets that grow by 1/16: percentiles are right to 6 %.
class Latencies {
 public:
  void add(uint64_t microseconds, uint64_t count = 1);
  uint64_t percentile(double share) const;  // upper end of the bucket, microseconds
  uint64_t count() const { return count_; }
  std::string text() const;  // "p50 .. p99 .. p99.9 .. ms"

 private:
  static constexpr int kSteps = 16;
  std::array<uint64_t, 64 * kSteps> buckets_{};
  uint64_t count_ = 0;
};

struct Usage {
  double seconds = 0;       // steady clock
  double cpu_seconds = 0;   // of this process, all threads, user and system
  uint64_t read_bytes = 0;  // that this process has had devices read (/proc/self/io)
  uint64_t write_bytes = 0;
  static Usage now();
  Usage since(const Usage& earlier) const;
};

uint64_t resident_bytes();
uint64_t peak_resident_bytes();

// So that what follows reads from the device: the page cache of the machine (root), else nothing is dropped and false
// is given.
bool drop_page_cache();

}  // namespace distributary::bench
