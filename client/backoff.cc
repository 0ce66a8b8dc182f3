#include "client/backoff.h"

#include <algorithm>

#include "base/clock.h"

namespace penstock {

Backoff::Backoff(absl::Duration first, absl::Duration maximum)
    : first_(first), maximum_(maximum), next_(first), random_(std::random_device()()) {}

absl::Duration Backoff::Next(std::optional<absl::Duration> asked) {
  std::uniform_real_distribution<double> jitter(0.5, 1.0);
  const absl::Duration own = next_ * jitter(random_);
  next_ = std::min(next_ * 2, maximum_);
  // Many clients are told the same delay by a server that restarts: spread them.
  return asked.has_value() ? std::max(*asked, absl::ZeroDuration()) + own : own;
}

StallClock::StallClock(absl::Duration limit) : limit_(limit), last_progress_(SteadyNow()) {}

void StallClock::OnProgress() {
  MutexLock lock(&mutex_);
  last_progress_ = SteadyNow();
  if (waiting_since_.has_value()) waiting_since_ = last_progress_;
}

void StallClock::OnOwnWait(bool waiting) {
  MutexLock lock(&mutex_);
  if (waiting) {
    waiting_since_ = SteadyNow();
  } else if (waiting_since_.has_value()) {
    last_progress_ += SteadyNow() - *waiting_since_;
    waiting_since_.reset();
  }
}

absl::Duration StallClock::Remaining() const {
  MutexLock lock(&mutex_);
  if (waiting_since_.has_value()) return absl::InfiniteDuration();
  return limit_ - (SteadyNow() - last_progress_);
}

}  // namespace penstock
