#ifndef PENSTOCK_BASE_FORWARD_TIME_H_
#define PENSTOCK_BASE_FORWARD_TIME_H_

#include "absl/time/time.h"

namespace penstock {

// A clock's time made to never go back: where the clock is set back, time goes on at half its speed
// until the clock has caught up. So what is to happen after a while happens after twice that at
// most. A clock that is set forward is followed at once. Pure: times come in. Not synchronized.
class ForwardTime {
 public:
  // `clock`: what the clock shows. `steady`: how long ago some moment was, the same in every call;
  // REQUIRES: not less than in the call before.
  absl::Time Next(absl::Time clock, absl::Duration steady);

 private:
  absl::Time last_ = absl::InfinitePast();
  absl::Duration last_steady_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_FORWARD_TIME_H_
