#ifndef PENSTOCK_PLUGIN_OSS_REMEDY_H_
#define PENSTOCK_PLUGIN_OSS_REMEDY_H_

// What the operator of a remote can do about a failure. Pure functions; text for messages, which
// decides nothing.

#include <string>

#include "absl/status/status.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {

// The field of an error's metadata that has the remedy.
inline constexpr char kRemedyField[] = "remedy";

// OSS's ECs for a signature of another region, in the query and in the header.
inline constexpr char kScopeOfQueryEc[] = "0002-00000226";
inline constexpr char kScopeOfHeaderEc[] = "0002-00000228";

// About an error that OSS, or somebody at its address, answered. Empty when there is nothing to
// change about the remote.
std::string RemedyFor(const OssError& error);

// About a request of which no answer came (see HttpLoop::Send).
std::string RemedyFor(const absl::Status& no_answer);

// The same error of a request; where OSS denied it, with what must be granted ("oss:ListObjects")
// as its remedy, unless a better one is known.
absl::Status WithPermission(const absl::Status& error, const std::string& permission);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_REMEDY_H_
