#include "plugin/oss/options.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock::oss {
namespace {

constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

}  // namespace

std::string ValueOf(const OptionValues& values, const std::string& name) {
  const auto it = values.find(name);
  return it == values.end() ? std::string() : it->second;
}

absl::Status OptionError(const std::string& option, const std::string& problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("backend \"oss\": option \"", option, "\" ", problem),
                   {{"backend", "oss"}, {"option", option}});
}

absl::StatusOr<std::string> ReadFile(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return OptionError(option, absl::StrCat("names a file that cannot be read: ", path));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    return OptionError(option, absl::StrCat("names a file that is larger than 4 MiB: ", path));
  }
  return text;
}

}  // namespace penstock::oss
