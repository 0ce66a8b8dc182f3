#ifndef PENSTOCK_BASE_RATE_LIMIT_H_
#define PENSTOCK_BASE_RATE_LIMIT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/token_bucket.h"

namespace penstock {

// A limit on bytes per second that many share: a token bucket with a clock. Its burst is an eighth
// of a second, at least kLeastBurst. Thread-safe.
class RateLimit {
 public:
  static constexpr int64_t kLeastBurst = 64 * 1024;

  // REQUIRES: rate >= 1 (bytes per second). `clock` must outlive this.
  RateLimit(int64_t rate, const Clock& clock);

  // See TokenBucket.
  absl::Duration Take(int64_t bytes);
  void Return(int64_t bytes);

  int64_t rate() const { return rate_; }

  // How much to take at a time so that those who share the limit have their turns often.
  int64_t piece() const { return piece_; }

  static int64_t BurstOf(int64_t rate);

 private:
  const Clock& clock_;
  const int64_t rate_;
  const int64_t piece_;

  Mutex mutex_;
  TokenBucket bucket_ ABSL_GUARDED_BY(mutex_);
};

// The limits that the same bytes pass, each of them in full: that of a remote and that of the
// process, say. A value; copies share their limits. Without any, nothing waits.
//
// Everybody takes one piece at a time, uses it when its wait is over, and only then takes the next:
// so those who want to go on take turns.
class Throttle {
 public:
  Throttle() = default;

  void Add(std::shared_ptr<RateLimit> limit) { limits_.push_back(std::move(limit)); }

  bool empty() const { return limits_.empty(); }

  // Takes `bytes` from every limit; the longest of their waits.
  absl::Duration Take(int64_t bytes) const;
  void Return(int64_t bytes) const;

  // The smallest of the limits' pieces. REQUIRES: not empty.
  int64_t piece() const;

 private:
  std::vector<std::shared_ptr<RateLimit>> limits_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_RATE_LIMIT_H_
