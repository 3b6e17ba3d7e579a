// A histogram of times for the benchmarks. Owned and used by one thread; `merge` brings several together.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace distributary::bench {

// Values in buckets that grow by 1/64, so that percentiles are right to 1.6 %. The unit is the caller's.
class Latencies {
 public:
  void add(uint64_t value, uint64_t count = 1);
  void merge(const Latencies& other);
  uint64_t percentile(double share) const;  // upper end of the bucket
  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  std::string text() const;  // of microseconds: "p50 .. p99 .. p99.9 .. ms"
  // Of nanoseconds, as a JSON object in microseconds: count, mean, max, p50, p90, p99, p999.
  std::string json() const;

 private:
  static constexpr int kStepBits = 6;
  static constexpr uint64_t kSteps = 1 << kStepBits;
  std::array<uint64_t, 64 * kSteps> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace distributary::bench
