// WindowedRate: how much per second, over the last seconds, as Kafka measures it: in samples of one second, eleven of
// them (quota.window.num, quota.window.size.seconds). A rate that has just begun counts as if the ten seconds before
// had been quiet, so short bursts pass.
//
// Threads: the executor's. Time comes from the caller.
#pragma once

#include <array>

#include "base/time.h"

namespace distributary {

class WindowedRate {
 public:
  static constexpr size_t kSamples = 11;
  static constexpr Duration kSampleSpan = std::chrono::seconds(1);
  static constexpr Duration kWindow = (kSamples - 1) * kSampleSpan;

  void record(double amount, SteadyTime now);
  double per_second(SteadyTime now);
  // How long to be quiet until the rate is `limit` again, as Kafka reckons it; zero when it is not above.
  Duration excess(double limit, SteadyTime now);
  // Nothing was recorded within the window.
  bool quiet(SteadyTime now) const { return now - last_ > kWindow + kSampleSpan; }

 private:
  struct Sample {
    SteadyTime begin{};
    double amount = 0;
    bool used = false;
  };
  void forget(SteadyTime now);
  double seconds(SteadyTime now);

  std::array<Sample, kSamples> samples_;
  size_t current_ = 0;
  SteadyTime last_{};
};

}  // namespace distributary
