#include "base/byte_size.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr std::string_view kPrefixes = "KMGTPE";

// 1024 to the power of `prefix`, counted from 1.
int64_t Factor(size_t prefix) { return int64_t{1} << (10 * prefix); }

absl::Status BadByteSize(std::string_view text) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_BYTE_SIZE",
                   absl::StrCat("expected a size such as 8MiB, 64K or 1048576, got \"",
                                absl::string_view(text.data(), text.size()), "\""),
                   {{"got", std::string(text)}});
}

// What a unit multiplies by; 0 for one that is unknown.
int64_t FactorOf(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  const size_t prefix = kPrefixes.find(absl::ascii_toupper(static_cast<unsigned char>(unit[0])));
  const std::string_view rest = unit.substr(1);
  if (prefix == std::string_view::npos || (!rest.empty() && rest != "iB")) return 0;
  return Factor(prefix + 1);
}

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const absl::string_view number = absl::string_view(text.data(), text.size()).substr(0, digits);
  const int64_t factor = FactorOf(text.substr(digits));
  if (number.empty() || factor == 0) return BadByteSize(text);
  if (int64_t whole = 0; absl::SimpleAtoi(number, &whole)) {
    if (whole > std::numeric_limits<int64_t>::max() / factor) return BadByteSize(text);
    return whole * factor;
  }
  double value = 0;
  if (!absl::SimpleAtod(number, &value)) return BadByteSize(text);
  const double bytes = value * static_cast<double>(factor);
  if (bytes != std::floor(bytes) || bytes >= std::ldexp(1.0, 63)) return BadByteSize(text);
  return static_cast<int64_t>(bytes);
}

std::string FormatByteSize(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double number = static_cast<double>(bytes) / 1024;
  size_t prefix = 0;
  // 1023.96 would round to "1024.0": it is the next unit already.
  while (number >= 1023.95 && prefix + 1 < kPrefixes.size()) {
    number /= 1024;
    ++prefix;
  }
  return absl::StrFormat("%.1f %ciB", number, kPrefixes[prefix]);
}

std::string ExactByteSize(int64_t bytes) {
  for (size_t prefix = kPrefixes.size(); bytes != 0 && prefix > 0; --prefix) {
    if (bytes % Factor(prefix) != 0) continue;
    return absl::StrFormat("%d%ciB", bytes / Factor(prefix), kPrefixes[prefix - 1]);
  }
  return absl::StrCat(bytes);
}

}  // namespace penstock
