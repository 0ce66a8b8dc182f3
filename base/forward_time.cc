#include "base/forward_time.h"

#include <algorithm>
#include <utility>

namespace penstock {

absl::Time ForwardTime::Next(absl::Time clock, absl::Duration steady) {
  const absl::Duration passed = steady - std::exchange(last_steady_, steady);
  last_ = std::max(clock, last_ + passed / 2);
  return last_;
}

}  // namespace penstock
