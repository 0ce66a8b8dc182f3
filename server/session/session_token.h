#ifndef PENSTOCK_SERVER_SESSION_SESSION_TOKEN_H_
#define PENSTOCK_SERVER_SESSION_SESSION_TOKEN_H_

#include <string>

#include "absl/status/status.h"

namespace penstock {

// INVALID_ARGUMENT / BAD_SESSION_TOKEN unless `token` has 16 to 128 characters of [A-Za-z0-9._~-].
// The error tells nothing of the token but its length: tokens are secrets.
absl::Status CheckSessionToken(const std::string& token);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_TOKEN_H_
