#include "plugin/answer.h"

#include "base/error.h"

namespace penstock {
namespace {

// What to wait where the backend gives no figure.
constexpr absl::Duration kDelay = absl::Seconds(5);

}  // namespace

bool OutcomeUnknown(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

absl::Status Repeatable(const absl::Status& status) {
  const bool repeatable = OutcomeUnknown(status) || status.code() == absl::StatusCode::kDataLoss;
  return repeatable && !RetryDelay(status).has_value() ? WithRetryDelay(status, kDelay) : status;
}

}  // namespace penstock
