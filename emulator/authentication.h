#ifndef PENSTOCK_EMULATOR_AUTHENTICATION_H_
#define PENSTOCK_EMULATOR_AUTHENTICATION_H_

// Who signed a request, and whether the signature holds (reference/oss-api.md, section 2).

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emulator/errors.h"
#include "emulator/request.h"

namespace penstock::emulator {

// A temporary key that was good once.
struct ExpiredToken {
  std::string access_key_id;
  std::string security_token;
};

// The one credential that the emulator knows, and the region it plays.
struct Credential {
  std::string access_key_id;
  std::string access_key_secret;
  std::optional<std::string> security_token;  // STS: every request must then carry it
  std::string region;
  std::vector<ExpiredToken> expired = {};  // answered with SecurityTokenExpired
};

// Succeeds if `request` is signed by `credential` with signature V4 or V1, in the header or the
// query, within 15 minutes of `now`. Errors: those of section 2, with the elements that OSS adds;
// NotImplemented for signature V2. REQUIRES: Route succeeded. Thread-safe.
Failure Authenticate(const Credential& credential, const Request& request, absl::Time now);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_AUTHENTICATION_H_
