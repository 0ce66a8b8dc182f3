#include "emulator/conditions.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// The two ends of `bytes=a-b`, of which one may be missing; nullopt if it is nothing of that form.
struct RangeText {
  std::optional<int64_t> first;
  std::optional<int64_t> last;
};
std::optional<RangeText> ParseRange(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = header.substr(0, dash);
  const std::string_view last = header.substr(dash + 1);
  const RangeText range{ParseNumber(first, kMax), ParseNumber(last, kMax)};
  const bool bad = (!range.first && !first.empty()) || (!range.last && !last.empty()) ||
                   (!range.first && !range.last);
  if (bad || (range.first && range.last && *range.first > *range.last)) return std::nullopt;
  return range;
}

OssError InvalidRange(const std::string& header, int64_t total) {
  return {416,
          "InvalidRange",
          "The requested range cannot be satisfied.",
          kUnknownEc,
          {{"ActualObjectSize", std::to_string(total)}, {"RangeRequested", header}}};
}

OssError NotModified() { return {304, "NotModified", "Not Modified", kUnknownEc}; }

bool ETagMatches(const std::string& header, const Object& object) {
  const std::string wanted = TrimSpace(header);
  return wanted == "*" || wanted == object.etag || wanted == "\"" + object.etag + "\"";
}

}  // namespace

Result<ByteRange> ResolveRange(const std::string* header, bool standard, int64_t total) {
  const ByteRange whole{false, 0, total};
  if (header == nullptr) return whole;
  const std::optional<RangeText> range = ParseRange(*header);
  if (!range) {
    if (standard) return InvalidRange(*header, total);
    return whole;
  }
  int64_t first = 0;
  int64_t end = total;  // one past the last byte
  bool leaves = false;
  if (!range->first) {
    leaves = *range->last > total;
    first = total - std::min(total, *range->last);
  } else {
    first = *range->first;
    leaves = first >= total || (range->last && *range->last >= total);
    if (range->last) end = std::min(total - 1, *range->last) + 1;
  }
  if (first >= end) {
    if (standard) return InvalidRange(*header, total);
    return whole;
  }
  if (leaves && !standard) return whole;
  return ByteRange{true, first, end - first};
}

std::string ContentRange(const ByteRange& range, int64_t total) {
  return "bytes " + std::to_string(range.first) + "-" +
         std::to_string(range.first + range.size - 1) + "/" + std::to_string(total);
}

Failure CheckConditions(const Request& request, const Object& object) {
  const std::string* match = request.Header("if-match");
  if (match != nullptr && !ETagMatches(*match, object)) return PreconditionFailed("If-Match");
  // Dates on the wire have whole seconds.
  const absl::Time modified = absl::FromUnixSeconds(absl::ToUnixSeconds(object.modified));
  if (const std::string* header = request.Header("if-unmodified-since")) {
    const auto since = ParseHttpDate(*header);
    if (since && modified > *since) return PreconditionFailed("If-Unmodified-Since");
  }
  const std::string* none_match = request.Header("if-none-match");
  if (none_match != nullptr && ETagMatches(*none_match, object)) return NotModified();
  if (const std::string* header = request.Header("if-modified-since");
      header != nullptr && none_match == nullptr) {
    const auto since = ParseHttpDate(*header);
    if (since && modified <= *since) return NotModified();
  }
  return std::nullopt;
}

Failure CheckRestored(const Object& object) {
  if (!object.attributes.storage_class.ends_with("Archive")) return std::nullopt;
  return OssError{403, "InvalidObjectState",
                  "The operation is not valid for the object's storage class.", kUnknownEc};
}

}  // namespace penstock::emulator
