#ifndef PENSTOCK_EMULATOR_REQUEST_H_
#define PENSTOCK_EMULATOR_REQUEST_H_

// A request without its body, and the rules by which it addresses a bucket and a key
// (reference/oss-api.md, section 1).

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/errors.h"

namespace penstock::emulator {

struct Request {
  std::string method;
  std::string target;                          // as received: encoded path and query
  std::map<std::string, std::string> headers;  // lower-case names; repeated ones joined by ","
  // Filled in by ParseTarget:
  std::string path;                                        // still encoded, begins with /
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order received
  // Filled in by Route:
  std::string bucket;  // empty for an operation of the service
  std::string key;     // empty for an operation of the bucket

  // The value of a header or query parameter; nullptr without it. Of a repeated query key the
  // first. The pointer lives as long as the request is unchanged.
  const std::string* Header(const std::string& lower_name) const;
  const std::string* Query(std::string_view name) const;
  std::string QueryOr(std::string_view name, const std::string& fallback) const;
  std::string HeaderOr(const std::string& lower_name, const std::string& fallback) const;
};

// What routing must know: which region this is, and which customer domain means which bucket.
struct RoutingTable {
  std::string region;
  std::map<std::string, std::string> cnames;  // lower-case domain -> bucket
};

// Splits and decodes `target`: InvalidArgument when an escape is broken.
Failure ParseTarget(Request& request);

// Finds bucket and key: by path when the host is an IP literal or localhost, by the host's first
// label or a customer domain otherwise. Errors: SecondLevelDomainForbidden for a path on a bare
// endpoint, AccessDenied for an endpoint of another region, InvalidBucketName, InvalidObjectName.
// Does not ask whether the bucket exists. REQUIRES: ParseTarget succeeded.
Failure Route(const RoutingTable& table, Request& request);

// InvalidObjectName unless a key (that is not empty) is 1 to 1023 bytes of UTF-8 that do not begin
// with / or \.
Failure CheckKey(const std::string& key);

// Section 1: 3 to 63 of [a-z0-9-], first and last alphanumeric.
bool IsValidBucketName(std::string_view name);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_REQUEST_H_
