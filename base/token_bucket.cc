#include "base/token_bucket.h"

#include <algorithm>

namespace penstock {

TokenBucket::TokenBucket(int64_t rate, int64_t burst)
    : rate_(static_cast<double>(rate)), burst_(TimeFor(burst)) {}

absl::Duration TokenBucket::TimeFor(int64_t bytes) const {
  return absl::Seconds(static_cast<double>(bytes) / rate_);
}

absl::Duration TokenBucket::Take(int64_t bytes, absl::Time now) {
  if (now < last_) empty_ -= last_ - now;
  last_ = now;
  empty_ = std::max(empty_, now - burst_) + TimeFor(bytes);
  return std::max(empty_ - now, absl::ZeroDuration());
}

void TokenBucket::Return(int64_t bytes) { empty_ -= TimeFor(bytes); }

}  // namespace penstock
