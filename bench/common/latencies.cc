#include "common/latencies.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

namespace distributary::bench {

void Latencies::add(uint64_t value, uint64_t count) {
  uint64_t shifted = value + kSteps;
  int shift = std::bit_width(shifted) - kStepBits - 1;  // leaves kSteps to 2 * kSteps - 1
  size_t bucket = static_cast<size_t>(shift) * kSteps + (shifted >> shift) - kSteps;
  buckets_[bucket] += count;
  count_ += count;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value) * static_cast<double>(count);
}

void Latencies::merge(const Latencies& other) {
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) buckets_[bucket] += other.buckets_[bucket];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

uint64_t Latencies::percentile(double share) const {
  auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen <= wanted) continue;
    return std::min(((bucket % kSteps + kSteps + 1) << (bucket / kSteps)) - kSteps, max_);
  }
  return max_;
}

std::string Latencies::text() const {
  auto millis = [this](double share) { return static_cast<double>(percentile(share)) / 1000; };
  return fmt::format("p50 {:.2f} p99 {:.2f} p99.9 {:.2f} ms", millis(0.5), millis(0.99), millis(0.999));
}

std::string Latencies::json() const {
  auto micros = [this](double share) { return static_cast<double>(percentile(share)) / 1000; };
  return fmt::format(
      R"({{"count": {}, "mean": {:.1f}, "max": {:.1f}, "p50": {:.1f}, "p90": {:.1f}, "p99": {:.1f}, "p999": {:.1f}}})",
      count_, mean() / 1000, static_cast<double>(max_) / 1000, micros(0.5), micros(0.9), micros(0.99), micros(0.999));
}

}  // namespace distributary::bench
