#ifndef PENSTOCK_CLIENT_BACKOFF_H_
#define PENSTOCK_CLIENT_BACKOFF_H_

#include <optional>
#include <random>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace penstock {

// How long to wait before trying again: doubling from `first` to `maximum`, with jitter, and never
// less than the server asked for. Not thread-safe.
class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration maximum);

  // `asked` is the server's RetryInfo.
  absl::Duration Next(std::optional<absl::Duration> asked);

  // Something was gained: begin at `first` again.
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration maximum_;
  absl::Duration next_;
  std::mt19937_64 random_;
};

// How long the server has made no progress although it could have: time in which the client waited
// for its own source or sink does not count. Thread-safe; the clock is steady.
class StallClock {
 public:
  explicit StallClock(absl::Duration limit);

  void OnProgress();
  void OnOwnWait(bool waiting);

  // What is left until the limit: zero or negative when it is reached, infinite during an own
  // wait.
  absl::Duration Remaining() const;

 private:
  const absl::Duration limit_;
  mutable Mutex mutex_;
  absl::Duration last_progress_ ABSL_GUARDED_BY(mutex_);  // on the steady clock
  std::optional<absl::Duration> waiting_since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_BACKOFF_H_
