#ifndef PENSTOCK_CLIENT_CLI_DESTINATION_H_
#define PENSTOCK_CLIENT_CLI_DESTINATION_H_

#include <string>

#include "absl/status/statusor.h"

namespace penstock::cli {

struct Destination {
  std::string remote;
  std::string bucket;
  std::string key;
};

// "hangzhou:bucket/some/key". A key that is empty or ends in '/' gets the base name of `file` at
// its end, which must then be a path and not "-". INVALID_ARGUMENT / BAD_DESTINATION. What a bucket
// and a key may look like is for the server to check.
absl::StatusOr<Destination> ParseDestination(const std::string& text, const std::string& file);

// "hangzhou:" or "hangzhou:bucket"; without a key. INVALID_ARGUMENT / BAD_DESTINATION.
absl::StatusOr<Destination> ParseBucket(const std::string& text);

std::string FormatDestination(const Destination& destination);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_DESTINATION_H_
