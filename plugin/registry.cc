#include "plugin/registry.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "plugin/object_rules.h"
#include "plugin/upload_rate.h"

namespace penstock {
namespace {

absl::Status OptionError(const std::string& backend, const std::string& option,
                         const std::string& problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("backend \"", backend, "\": option \"", option, "\" ", problem),
                   {{"backend", backend}, {"option", option}});
}

}  // namespace

void Registry::Add(BackendInfo info) {
  assert(!backends_.contains(info.name));
  info.options.push_back(UploadRateOption());
  std::string name = info.name;
  backends_.emplace(std::move(name), std::move(info));
}

const BackendInfo* Registry::Find(const std::string& name) const {
  const auto it = backends_.find(name);
  return it == backends_.end() ? nullptr : &it->second;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, info] : backends_) names.push_back(name);
  return names;
}

absl::StatusOr<std::unique_ptr<Backend>> Registry::Create(
    const std::string& backend, const OptionValues& values,
    const BackendEnvironment& environment) const {
  const BackendInfo* info = Find(backend);
  if (info == nullptr) {
    return MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_BACKEND",
                     absl::StrCat("unknown backend \"", backend, "\": expected one of ",
                                  absl::StrJoin(names(), ", ")),
                     {{"backend", backend}});
  }
  OptionValues complete = values;
  for (const auto& [name, value] : values) {
    const bool known =
        std::any_of(info->options.begin(), info->options.end(),
                    [&name = name](const OptionInfo& option) { return option.name == name; });
    if (!known) return OptionError(backend, name, "is unknown");
  }
  // A template that came out empty must not open the remote to all.
  if (values.contains("buckets") && RemoteRestriction(values).buckets().empty()) {
    return OptionError(backend, "buckets", "must name a bucket; to allow all, leave it out");
  }
  for (const OptionInfo& option : info->options) {
    if (complete.contains(option.name)) continue;
    if (option.required) return OptionError(backend, option.name, "is required: " + option.help);
    if (!option.default_value.empty()) complete[option.name] = option.default_value;
  }
  return info->create(complete, environment);
}

}  // namespace penstock
