#include "plugin/oss/retry.h"

#include <algorithm>

namespace penstock::oss {
namespace {

constexpr absl::Duration kBase = absl::Milliseconds(200);
constexpr absl::Duration kThrottledBase = absl::Seconds(1);
constexpr absl::Duration kLongest = absl::Seconds(20);
constexpr int kMostDoublings = 16;

}  // namespace

absl::Duration RetryWait(RetryClass retry, int failures, double random) {
  const absl::Duration base = retry == RetryClass::kThrottled ? kThrottledBase : kBase;
  const int doublings = std::clamp(failures - 1, 0, kMostDoublings);
  return random * std::min(base * (1 << doublings), kLongest);
}

}  // namespace penstock::oss
