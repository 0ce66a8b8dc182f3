#ifndef PENSTOCK_EMULATOR_AUTHENTICATION_V1_H_
#define PENSTOCK_EMULATOR_AUTHENTICATION_V1_H_

// Signature version 1 (reference/oss-api.md, section 2.1): what older SDKs use by default.

#include <string>

#include "absl/time/time.h"
#include "emulator/authentication.h"
#include "emulator/errors.h"
#include "emulator/request.h"

namespace penstock::emulator {

// Whether a request claims to be signed by V1, in its header or its query.
bool IsSignedByV1(const Request& request);

// As Authenticate. REQUIRES: IsSignedByV1.
Failure AuthenticateV1(const Credential& credential, const Request& request, absl::Time now);

// What is signed; `date` is the date of the header form or the expiry of the query form.
std::string StringToSignV1(const Request& request, const std::string& date);

// base64(hmac-sha1(secret, string_to_sign))
std::string SignV1(const std::string& secret, const std::string& string_to_sign);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_AUTHENTICATION_V1_H_
