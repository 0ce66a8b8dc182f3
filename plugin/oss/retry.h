#ifndef PENSTOCK_PLUGIN_OSS_RETRY_H_
#define PENSTOCK_PLUGIN_OSS_RETRY_H_

#include "absl/time/time.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {

// Attempts of one call together, clock corrections and new credentials not counted.
inline constexpr int kMaxAttempts = 4;

// How long to wait before the next attempt after `failures` failed ones (at least 1): full jitter,
// `random` (0 to 1) of a bound that doubles, longer when OSS is slowing us down.
absl::Duration RetryWait(RetryClass retry, int failures, double random);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_RETRY_H_
