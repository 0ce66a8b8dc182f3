#ifndef PENSTOCK_EMULATOR_AUTHENTICATION_ERRORS_H_
#define PENSTOCK_EMULATOR_AUTHENTICATION_ERRORS_H_

// What the versions of the signature have in common: who is known, and how they refuse.

#include <string>

#include "absl/time/time.h"
#include "emulator/authentication.h"
#include "emulator/errors.h"

namespace penstock::emulator {

// How far the clock of a signer may be off.
inline constexpr absl::Duration kMaxSkew = absl::Minutes(15);

// Whether the access key id, and its token (nullptr: none), are those of the credential.
Failure CheckIdentity(const Credential& credential, const std::string& access_key_id,
                      const std::string* security_token);

// The error of a request signed at `date` (as it names the time itself) that came at `now`.
OssError RequestTimeTooSkewed(const std::string& date, absl::Time now);

// The error of a presigned request that came too early or too late.
OssError RequestExpired(bool early, absl::Time expires, absl::Time now);

OssError SignatureDoesNotMatch(const std::string& access_key_id, const std::string& provided,
                               const std::string& string_to_sign);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_AUTHENTICATION_ERRORS_H_
