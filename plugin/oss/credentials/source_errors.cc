#include "plugin/oss/credentials/source_errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/backend.h"

namespace penstock::oss {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(1);

}  // namespace

absl::Status SourceUnavailable(const std::string& source, const std::string& problem) {
  return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                   absl::StrCat("no credentials from ", source, ": ", problem), {}, kRetryDelay);
}

absl::Status SourceRefuses(const std::string& source, const std::string& problem,
                           const std::string& remedy) {
  return MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied,
                   absl::StrCat("no credentials from ", source, ": ", problem, ": ", remedy));
}

absl::Status SourceSilent(const std::string& source, const absl::Status& cause) {
  return SourceUnavailable(source, absl::StrCat("no answer: ", std::string(cause.message())));
}

std::string PrintableText(std::string_view text, size_t most) {
  std::string shown;
  for (const char c : text.substr(0, most)) {
    shown.push_back(absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : ' ');
  }
  return shown;
}

}  // namespace penstock::oss
