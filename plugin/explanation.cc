#include "plugin/explanation.h"

#include "base/error.h"
#include "plugin/backend.h"

namespace penstock {

Explanation ExplainByReason(const std::string&, const absl::Status& error) {
  const std::string reason = ErrorReason(error);
  if (reason == kReasonNoSuchBucket) {
    return {Blame::kBucket, true, "Make the bucket, or name another one."};
  }
  if (reason == kReasonDenied) {
    return {Blame::kOperation, true, "Allow this operation to the account that Penstock uses."};
  }
  if (reason == kReasonBackendFull) {
    return {Blame::kOperation, true, "Make space where the remote stores its objects."};
  }
  if (reason == kReasonUnavailable) {
    return {Blame::kOperation, false, "Try again; if it stays so, the remote has a fault."};
  }
  return {Blame::kOperation, false, ""};
}

}  // namespace penstock
