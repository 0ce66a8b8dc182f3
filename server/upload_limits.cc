#include "server/upload_limits.h"

namespace penstock {

UploadLimits::UploadLimits(int64_t rate, const Clock& clock) : clock_(clock) {
  AddLimits(rate, process_);
}

UploadLimits::OfRemote UploadLimits::Make(int64_t rate) const {
  OfRemote limits = process_;
  AddLimits(rate, limits);
  return limits;
}

void UploadLimits::AddLimits(int64_t rate, OfRemote& limits) const {
  if (rate <= 0) return;
  limits.reads.Add(std::make_shared<RateLimit>(rate, clock_));
  limits.sends.Add(std::make_shared<RateLimit>(rate, clock_));
}

}  // namespace penstock
