#ifndef PENSTOCK_CLIENT_CLI_OBJECT_NAME_H_
#define PENSTOCK_CLIENT_CLI_OBJECT_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "penstock/v1/object.pb.h"

namespace penstock::cli {

// "hangzhou:", "hangzhou:bucket" or "hangzhou:bucket/what/keys/begin/with": what is not there is
// empty. INVALID_ARGUMENT / BAD_DESTINATION. What a bucket and a key may look like is for the
// server to check.
absl::StatusOr<v1::ObjectName> ParseObjectPrefix(const std::string& text);

// "hangzhou:bucket/some/key"; bucket and key are not empty. INVALID_ARGUMENT / BAD_DESTINATION.
absl::StatusOr<v1::ObjectName> ParseObjectName(const std::string& text);

// The inverse, for people: without control characters.
std::string DescribeName(const std::string& remote, const std::string& bucket,
                         const std::string& key);
std::string DescribeName(const v1::ObjectName& name);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_OBJECT_NAME_H_
