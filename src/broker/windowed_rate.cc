#include "broker/windowed_rate.h"

#include <algorithm>

namespace distributary {
namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

void WindowedRate::record(double amount, SteadyTime now) {
  Sample* sample = &samples_[current_];
  if (sample->used && now - sample->begin >= kSampleSpan) {
    current_ = (current_ + 1) % kSamples;
    sample = &samples_[current_];
    *sample = {};
  }
  if (!sample->used) *sample = {now, 0, true};
  sample->amount += amount;
  last_ = now;
}

void WindowedRate::forget(SteadyTime now) {
  for (Sample& sample : samples_) {
    if (sample.used && now - sample.begin >= kSamples * kSampleSpan) sample = {};
  }
}

double WindowedRate::seconds(SteadyTime now) {
  SteadyTime oldest = now;
  for (const Sample& sample : samples_) {
    if (sample.used) oldest = std::min(oldest, sample.begin);
  }
  Duration elapsed = now - oldest;
  const auto full = static_cast<size_t>(elapsed / kSampleSpan);
  if (full < kSamples - 1) elapsed += (kSamples - 1 - full) * kSampleSpan;
  return Seconds(elapsed).count();
}

double WindowedRate::per_second(SteadyTime now) {
  forget(now);
  double sum = 0;
  for (const Sample& sample : samples_) sum += sample.amount;
  return sum / seconds(now);
}

Duration WindowedRate::excess(double limit, SteadyTime now) {
  const double rate = per_second(now);
  if (rate <= limit) return {};
  const double wait = (rate - limit) / limit * seconds(now);
  return std::chrono::duration_cast<Duration>(Seconds(std::min(wait, 1e6)));
}

}  // namespace distributary
