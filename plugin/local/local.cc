#include "plugin/local/local.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/local/local_backend.h"
#include "plugin/object_rules.h"

namespace penstock {
namespace {

absl::StatusOr<bool> ParseBool(const std::string& option, const std::string& value) {
  if (value == "true") return true;
  if (value == "false") return false;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("backend \"local\": option \"", option,
                                "\" must be true or false, \"", value, "\" came"),
                   {{"backend", "local"}, {"option", option}});
}

absl::StatusOr<std::unique_ptr<Backend>> Create(const OptionValues& values,
                                                const BackendEnvironment& environment) {
  local::LocalSettings settings{.root = values.at("root"),
                                .restriction = RemoteRestriction(values)};
  PENSTOCK_ASSIGN_OR_RETURN(settings.create_buckets,
                            ParseBool("create_buckets", values.at("create_buckets")));
  PENSTOCK_ASSIGN_OR_RETURN(std::unique_ptr<local::LocalBackend> backend,
                            local::LocalBackend::Open(settings, environment));
  return backend;
}

std::vector<OptionInfo> Options() {
  OptionInfo root;
  root.name = "root";
  root.help =
      "The directory whose subdirectories are the buckets. It must exist, on one file system that "
      "keeps times in nanoseconds and can exchange two files (ext4, xfs, btrfs, tmpfs, overlayfs).";
  root.examples = {"/srv/penstock"};
  root.required = true;
  OptionInfo create_buckets;
  create_buckets.name = "create_buckets";
  create_buckets.help = "Whether a bucket that is not there is made when something is put into it.";
  create_buckets.default_value = "false";
  create_buckets.examples = {"true"};
  std::vector<OptionInfo> options = {root, create_buckets};
  for (OptionInfo& option : RemoteRestriction::Options()) options.push_back(std::move(option));
  return options;
}

}  // namespace

BackendInfo LocalBackendInfo() {
  BackendInfo info;
  info.name = "local";
  info.description = "A directory tree on this machine";
  info.options = Options();
  info.create = Create;
  return info;
}

}  // namespace penstock
