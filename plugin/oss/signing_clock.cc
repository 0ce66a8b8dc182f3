#include "plugin/oss/signing_clock.h"

#include "plugin/oss/replies.h"

namespace penstock::oss {

absl::Time SigningClock::Now() const {
  return clock_.Now() + absl::Nanoseconds(offset_nanos_.load());
}

bool SigningClock::Correct(const HttpResponse& answer, const OssError& error) {
  if (answer.Header("x-oss-request-id").empty()) return false;
  absl::Time theirs = TimeOf(answer, "date");
  if (theirs == absl::InfinitePast()) theirs = error.server_time;
  if (theirs == absl::InfinitePast()) return false;
  offset_nanos_ = absl::ToInt64Nanoseconds(theirs - clock_.Now());
  return true;
}

}  // namespace penstock::oss
