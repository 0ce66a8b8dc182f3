#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_SOURCE_ERRORS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_SOURCE_ERRORS_H_

// Errors for requests that cannot be sent because there are no credentials. `source` says who was
// asked ("the STS at https://..."). None of them shows a secret.

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace penstock::oss {

// UNAVAILABLE / BACKEND_UNAVAILABLE with a retry delay: the source may answer later.
absl::Status SourceUnavailable(const std::string& source, const std::string& problem);

// PERMISSION_DENIED / BACKEND_DENIED: the source says no. `remedy` tells the operator what to do.
absl::Status SourceRefuses(const std::string& source, const std::string& problem,
                           const std::string& remedy);

// The first one for a request that no answer came to.
absl::Status SourceSilent(const std::string& source, const absl::Status& cause);

// A piece of what a server wrote, fit for a message.
std::string PrintableText(std::string_view text, size_t most);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_SOURCE_ERRORS_H_
