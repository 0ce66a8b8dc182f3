#include "base/clock.h"

#include <chrono>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "base/forward_time.h"
#include "base/mutex.h"

namespace penstock {
namespace {

class MachineClock final : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    return time_.Next(absl::Now(), SteadyNow());
  }

 private:
  mutable Mutex mutex_;
  mutable ForwardTime time_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

const Clock& SystemClock() {
  static const MachineClock* const clock = new MachineClock;
  return *clock;
}

}  // namespace penstock
