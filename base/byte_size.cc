#include "base/byte_size.h"

#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock {
namespace {

struct Unit {
  const char* name;
  int64_t bytes;
};

constexpr int64_t kKi = 1024;
constexpr std::array<Unit, 14> kUnits = {{{"KiB", kKi},
                                          {"MiB", kKi* kKi},
                                          {"GiB", kKi* kKi* kKi},
                                          {"TiB", kKi* kKi* kKi* kKi},
                                          {"kB", 1'000},
                                          {"MB", 1'000'000},
                                          {"GB", 1'000'000'000},
                                          {"TB", 1'000'000'000'000},
                                          {"K", kKi},
                                          {"M", kKi* kKi},
                                          {"G", kKi* kKi* kKi},
                                          {"T", kKi* kKi* kKi* kKi},
                                          {"B", 1},
                                          {"", 1}}};

absl::Status BadByteSize(std::string_view text) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_BYTE_SIZE",
                   absl::StrCat("expected a size such as 8MiB, 512KiB or 1048576, got \"",
                                absl::string_view(text.data(), text.size()), "\""),
                   {{"got", std::string(text)}});
}

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(std::string_view text) {
  const absl::string_view trimmed =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  const size_t digits = std::min(trimmed.find_first_not_of("0123456789."), trimmed.size());
  const absl::string_view number = trimmed.substr(0, digits);
  const absl::string_view unit = absl::StripLeadingAsciiWhitespace(trimmed.substr(digits));
  for (const Unit& known : kUnits) {
    if (!absl::EqualsIgnoreCase(unit, known.name)) continue;
    int64_t whole = 0;
    if (absl::SimpleAtoi(number, &whole)) {
      if (whole > std::numeric_limits<int64_t>::max() / known.bytes) return BadByteSize(text);
      return whole * known.bytes;
    }
    double value = 0;
    if (!absl::SimpleAtod(number, &value)) return BadByteSize(text);
    value *= static_cast<double>(known.bytes);
    if (value >= 9.2e18) return BadByteSize(text);
    return static_cast<int64_t>(std::llround(value));
  }
  return BadByteSize(text);
}

std::string FormatByteSize(int64_t bytes) {
  if (bytes < kKi) return absl::StrCat(bytes, " B");
  size_t unit = 0;
  double value = static_cast<double>(bytes) / kKi;
  while (value >= 1023.95 && unit < 3) {
    value /= kKi;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, kUnits[unit].name);
}

std::string ExactByteSize(int64_t bytes) {
  for (size_t unit = 4; unit-- > 0;) {
    if (bytes != 0 && bytes % kUnits[unit].bytes == 0) {
      return absl::StrCat(bytes / kUnits[unit].bytes, kUnits[unit].name);
    }
  }
  return absl::StrCat(bytes);
}

}  // namespace penstock
