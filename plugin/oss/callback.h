#ifndef PENSTOCK_PLUGIN_OSS_CALLBACK_H_
#define PENSTOCK_PLUGIN_OSS_CALLBACK_H_

// Callbacks: OSS tells an application of an object that was just published, and answers with what
// the application answered. Pure functions.

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "plugin/oss/signature.h"
#include "plugin/registry.h"

namespace penstock::oss {

// callback and callback_var, each the JSON that OSS documents: encoding it is ours.
std::vector<OptionInfo> CallbackOptions();

// INVALID_ARGUMENT / BAD_BACKEND_OPTION. What is required must be there and limits kept; members
// that this version does not know are OSS's to judge.
absl::Status CheckCallback(const std::map<std::string, std::string>& options);

bool AsksForCallback(const std::map<std::string, std::string>& options);

// x-oss-callback and x-oss-callback-var; none where none is asked for.
Headers CallbackHeaders(const std::map<std::string, std::string>& options);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CALLBACK_H_
