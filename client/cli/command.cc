#include "client/cli/command.h"

#include "absl/strings/str_cat.h"
#include "base/byte_size.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock::cli {

void AddCommonOptions(CLI::App& command, CommonOptions& options) {
  AddRepeated(command, "--server", options.servers,
              "Address of a server: HOST:PORT or unix:/path. Repeat it for several servers of one "
              "cluster; they are tried in turn")
      ->delimiter(',')
      ->envname("PENSTOCK_SERVER")
      ->capture_default_str();
  command.add_flag("--json", options.json,
                   "Write one JSON object per line to standard output, texts to standard error");
}

CLI::Option* AddRepeated(CLI::App& command, const std::string& name,
                         std::vector<std::string>& values, const std::string& help) {
  // Without this an option takes all words that follow it, the positional ones too.
  return command.add_option(name, values, help)->allow_extra_args(false);
}

absl::StatusOr<std::shared_ptr<RateLimit>> ParseRateLimit(const std::string& text) {
  if (text.empty()) return nullptr;
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t rate, ParseByteSize(text));
  return rate > 0 ? std::make_shared<RateLimit>(rate, SystemClock()) : nullptr;
}

absl::StatusOr<std::map<std::string, std::string>> ParsePairs(
    const std::string& option, const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> result;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    const bool added = equals != std::string::npos && equals > 0 &&
                       result.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second;
    if (added) continue;
    return MakeError(
        absl::StatusCode::kInvalidArgument, "BAD_PAIR",
        absl::StrCat(option, " expects name=value, each name once; got \"", pair, "\""),
        {{"option", option}, {"got", pair}});
  }
  return result;
}

}  // namespace penstock::cli
