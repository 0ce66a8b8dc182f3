#ifndef PENSTOCK_BASE_CLOCK_H_
#define PENSTOCK_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace penstock {

// The source of time, so that tests and the simulation own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// Time since some moment, by a clock that nobody sets: what whiles are measured with.
absl::Duration SteadyNow();

// The machine's, but that it never goes back (base/forward_time.h). Lives for ever.
const Clock& SystemClock();

}  // namespace penstock

#endif  // PENSTOCK_BASE_CLOCK_H_
