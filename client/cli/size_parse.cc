#include "client/cli/size_parse.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock::cli {
namespace {

constexpr char kPrefixes[] = "KMGTPE";

absl::Status BadSize(const std::string& text) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_SIZE",
                   absl::StrCat("expected a size such as 8MiB, 64K or 1048576, got \"", text, "\""),
                   {{"got", text}});
}

}  // namespace

absl::StatusOr<int64_t> ParseSize(const std::string& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  if (digits == 0 || !absl::SimpleAtod(text.substr(0, digits), &number)) return BadSize(text);
  std::string unit = text.substr(digits);
  double factor = 1;
  if (!unit.empty() && unit != "B") {
    const std::string prefixes = kPrefixes;
    const size_t power = prefixes.find(static_cast<char>(std::toupper(unit[0])));
    const std::string rest = unit.substr(1);
    if (power == std::string::npos || (rest != "" && rest != "iB")) return BadSize(text);
    factor = std::ldexp(1.0, 10 * (static_cast<int>(power) + 1));
  }
  const double bytes = number * factor;
  if (bytes != std::floor(bytes) || bytes >= std::ldexp(1.0, 63)) return BadSize(text);
  return static_cast<int64_t>(bytes);
}

std::string FormatSize(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double number = static_cast<double>(bytes) / 1024;
  size_t power = 0;
  // 1023.96 would round to "1024.0": it is the next unit already.
  while (number >= 1023.95 && power + 1 < sizeof kPrefixes - 1) {
    number /= 1024;
    ++power;
  }
  return absl::StrFormat("%.1f %ciB", number, kPrefixes[power]);
}

std::string FormatClock(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(std::max(duration, absl::ZeroDuration()));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

absl::StatusOr<absl::Duration> ParseDuration(const std::string& text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration()) return duration;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_DURATION",
                   absl::StrCat("expected a duration such as 5m or 90s, got \"", text, "\""),
                   {{"got", text}});
}

}  // namespace penstock::cli
