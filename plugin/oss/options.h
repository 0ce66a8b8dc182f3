#ifndef PENSTOCK_PLUGIN_OSS_OPTIONS_H_
#define PENSTOCK_PLUGIN_OSS_OPTIONS_H_

// Reading the options of an oss remote.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plugin/registry.h"

namespace penstock::oss {

// The value of an option; empty when it is not given.
std::string ValueOf(const OptionValues& values, const std::string& name);

// INVALID_ARGUMENT / BAD_REMOTE_OPTION: the option, then `problem`.
absl::Status OptionError(const std::string& option, const std::string& problem);

// What the file that `option` names holds, at most 4 MiB. OptionError when it cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& option, const std::string& path);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OPTIONS_H_
