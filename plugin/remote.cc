#include "plugin/remote.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock {

absl::Status UnknownRemote(const std::string& name) {
  return MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_REMOTE",
                   absl::StrCat("no remote \"", name, "\" is configured on this server"),
                   {{"remote", name}});
}

absl::StatusOr<const Remote*> FindRemote(const Remotes& remotes, const std::string& name) {
  const auto found = remotes.find(name);
  if (found == remotes.end()) return UnknownRemote(name);
  return &found->second;
}

}  // namespace penstock
