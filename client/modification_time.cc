#include "client/modification_time.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace penstock {
namespace {

constexpr char kName[] = "mtime";
constexpr char kDigits[] = "0123456789";
constexpr size_t kNanosecondDigits = 9;
// Every time that a file can have, and far from where arithmetic saturates.
constexpr int64_t kMaxSeconds = int64_t{1} << 40;

std::optional<absl::Time> ParseSeconds(absl::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const absl::string_view whole = text.substr(0, point);
  std::string fraction =
      point == absl::string_view::npos ? "0" : std::string(text.substr(point + 1));
  if (whole.empty() || whole.find_first_not_of(kDigits) != absl::string_view::npos) {
    return std::nullopt;
  }
  if (fraction.empty() || fraction.find_first_not_of(kDigits) != std::string::npos) {
    return std::nullopt;
  }
  fraction.resize(kNanosecondDigits, '0');
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  if (!absl::SimpleAtoi(whole, &seconds) || seconds > kMaxSeconds) return std::nullopt;
  if (!absl::SimpleAtoi(fraction, &nanoseconds)) return std::nullopt;
  const absl::Duration since = absl::Seconds(seconds) + absl::Nanoseconds(nanoseconds);
  return absl::UnixEpoch() + (negative ? -since : since);
}

}  // namespace

std::optional<absl::Time> ModificationTimeOf(const v1::StoredObject& object) {
  const auto found = object.metadata().find(kName);
  if (found == object.metadata().end()) return std::nullopt;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, found->second, &time, &error) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return time;
  }
  return ParseSeconds(found->second);
}

}  // namespace penstock
