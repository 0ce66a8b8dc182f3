#include "client/cli/duration_text.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock::cli {

std::string FormatClock(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(std::max(duration, absl::ZeroDuration()));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

absl::StatusOr<absl::Duration> ParseDuration(const std::string& text) {
  // Days, which absl does not know, stand first.
  const size_t days_end = text.find('d');
  absl::Duration days;
  std::string rest = text;
  if (days_end != std::string::npos) {
    int32_t count = 0;
    const bool good = absl::SimpleAtoi(text.substr(0, days_end), &count) && count > 0;
    days = good ? count * absl::Hours(24) : -absl::InfiniteDuration();
    rest = days_end + 1 < text.size() ? text.substr(days_end + 1) : "0";
  }
  absl::Duration duration;
  if (absl::ParseDuration(rest, &duration) && duration >= absl::ZeroDuration() &&
      days + duration > absl::ZeroDuration()) {
    return days + duration;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_DURATION",
                   absl::StrCat("expected a duration such as 5m, 90s or 7d, got \"", text, "\""),
                   {{"got", text}});
}

}  // namespace penstock::cli
