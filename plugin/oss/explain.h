#ifndef PENSTOCK_PLUGIN_OSS_EXPLAIN_H_
#define PENSTOCK_PLUGIN_OSS_EXPLAIN_H_

#include <string>

#include "absl/status/status.h"
#include "plugin/explanation.h"

namespace penstock::oss {

// What the error of an operation on OSS is due to, by OSS's own code, and what to do about it: the
// option of the remote to set, or the permission to grant in RAM.
Explanation Explain(const std::string& operation, const absl::Status& error);

// The permission that RAM asks for at an operation, such as "oss:PutObject".
std::string PermissionFor(const std::string& operation);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_EXPLAIN_H_
