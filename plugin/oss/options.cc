#include "plugin/oss/options.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock::oss {

std::string ValueOf(const OptionValues& values, const std::string& name) {
  const auto it = values.find(name);
  return it == values.end() ? std::string() : it->second;
}

absl::Status OptionError(const std::string& option, const std::string& problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("backend \"oss\": option \"", option, "\" ", problem),
                   {{"backend", "oss"}, {"option", option}});
}

}  // namespace penstock::oss
