#ifndef PENSTOCK_BASE_TOKEN_BUCKET_H_
#define PENSTOCK_BASE_TOKEN_BUCKET_H_

#include <cstdint>

#include "absl/time/time.h"

namespace penstock {

// Bytes per second, smoothly: a bucket that fills at `rate` and holds at most `burst`. Who takes
// more than there is learns how long to wait for the rest, so takers are served in the order of
// their calls, each for what it took. In every span of time t at most burst + rate * t bytes are
// free to be used. Without a clock: time is passed in. Not synchronized.
//
//   TokenBucket bucket(10 << 20, 1 << 20);
//   WaitFor(bucket.Take(4096, now));
class TokenBucket {
 public:
  // Begins full. REQUIRES: rate >= 1 (bytes per second), burst >= 0 (bytes).
  TokenBucket(int64_t rate, int64_t burst);

  // Takes `bytes`, and returns how long after `now` they may be used: zero when they are there. A
  // `now` before an earlier one (a clock that was set) makes nobody wait longer. REQUIRES: bytes >=
  // 0.
  absl::Duration Take(int64_t bytes, absl::Time now);

  // Gives back what was taken and not used. REQUIRES: not more than was taken.
  void Return(int64_t bytes);

 private:
  absl::Duration TimeFor(int64_t bytes) const;

  const double rate_;
  const absl::Duration burst_;  // the time in which the bucket fills

  // When the bucket was or will be empty, and begins to fill: everything taken is free by then.
  absl::Time empty_ = absl::InfinitePast();
  absl::Time last_ = absl::InfinitePast();  // the newest `now`
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_TOKEN_BUCKET_H_
