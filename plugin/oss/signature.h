#ifndef PENSTOCK_PLUGIN_OSS_SIGNATURE_H_
#define PENSTOCK_PLUGIN_OSS_SIGNATURE_H_

// OSS signature V4 (OSS4-HMAC-SHA256), as a header or as the query of a presigned URL. Pure
// functions, but for the keys they keep.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "plugin/oss/credentials.h"

namespace penstock::oss {

class SigningKeys;

// Parameters of a query by name, not encoded; an empty value stands for a name alone.
using Query = std::map<std::string, std::string>;

// Headers by name in lower case. Values are not empty.
using Headers = std::map<std::string, std::string>;

// What a signature is good for.
struct SigningScope {
  std::string region;           // "cn-hangzhou"
  std::string product = "oss";  // or "oss-cloudbox"
};

// What is signed.
struct SigningInput {
  std::string method;
  std::string bucket;  // may be empty
  std::string key;     // may be empty
  Query query;
  Headers headers;  // of these the default-signed ones and `additional_headers` are signed
  std::vector<std::string> additional_headers;  // in any case and order
};

// Percent-encodes every byte but [A-Za-z0-9-._~] and, with `keep_slash`, `/`.
std::string UriEncode(std::string_view text, bool keep_slash);

// "a=1&b&c=%2F": encoded and sorted by encoded name.
std::string CanonicalQuery(const Query& query);

// "20231216T162057Z", in UTC.
std::string FormatSigningTime(absl::Time time);

std::string CanonicalRequest(const SigningInput& input);

// The 32 bytes that sign requests of one day, region and product.
std::string SigningKey(const std::string& secret, const std::string& date,
                       const SigningScope& scope);

// Adds what a signed request carries (x-oss-date, x-oss-content-sha256 and, with temporary
// credentials, x-oss-security-token) and Authorization to input.headers. `time` is OSS's.
void SignHeaders(SigningInput& input, const Credentials& credentials, const SigningScope& scope,
                 absl::Time time, SigningKeys& keys);

// Adds what a presigned URL carries, with its signature, to input.query. It is valid for `expires`
// (1 second to 7 days) from `time` on.
void SignQuery(SigningInput& input, const Credentials& credentials, const SigningScope& scope,
               absl::Time time, absl::Duration expires, SigningKeys& keys);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_SIGNATURE_H_
