#ifndef PENSTOCK_PLUGIN_OSS_SIGNATURE_V1_H_
#define PENSTOCK_PLUGIN_OSS_SIGNATURE_V1_H_

// OSS signature V1 (HMAC-SHA1), as a header or as the query of a presigned URL: for endpoints that
// know no V4. Pure functions.

#include <string>

#include "absl/time/time.h"
#include "plugin/oss/credentials.h"
#include "plugin/oss/signature.h"

namespace penstock::oss {

// Adds what a signed request carries (date and, with temporary credentials, x-oss-security-token)
// and Authorization to input.headers. `time` is OSS's. The bucket's name must be in `input` also
// where the URL has it not. Additional headers are not signed: V1 has none.
void SignHeadersV1(SigningInput& input, const Credentials& credentials, absl::Time time);

// Adds what a presigned URL carries, with its signature, to input.query. It is valid until
// `expires` after `time`.
void SignQueryV1(SigningInput& input, const Credentials& credentials, absl::Time time,
                 absl::Duration expires);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_SIGNATURE_V1_H_
