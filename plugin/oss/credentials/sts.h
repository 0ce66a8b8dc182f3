#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_STS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_STS_H_

// Alibaba Cloud's Security Token Service: temporary credentials of a RAM role.

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "plugin/oss/credentials/credential_http.h"
#include "plugin/oss/credentials/provider.h"
#include "plugin/oss/signature.h"

namespace penstock::oss {

// How long the credentials of a role last, in seconds.
inline constexpr int64_t kMinRoleDuration = 900;
inline constexpr int64_t kMaxRoleDuration = 43'200;
inline constexpr int64_t kDefaultRoleDuration = 3600;

// A role to assume, and as whom.
struct RamRole {
  std::string arn;  // "acs:ram::<account>:role/<name>"
  std::string session_name = "penstock";
  std::string external_id;  // empty: none
  std::string policy;       // JSON that narrows the role's; empty: none
  int64_t duration_seconds = kDefaultRoleDuration;
};

// Where the STS is, and what its requests are made with. All must outlive the calls.
struct StsSettings {
  std::string url = "https://sts.aliyuncs.com";  // without a path
  CredentialHttp* http = nullptr;
  const Clock* clock = nullptr;
  RandomSource* random = nullptr;
};

// The signature (RPC style, version 1.0, HMAC-SHA1) of a request with all of `parameters`, query
// and form.
std::string StsSignature(const std::string& method, const Query& parameters,
                         const std::string& secret);

// AssumeRole, signed with `credentials`. Errors as CredentialProvider::Fetch.
void AssumeRole(const StsSettings& sts, const RamRole& role, const Credentials& credentials,
                Done<IssuedCredentials> done);

// AssumeRoleWithOIDC: `token`, of the provider `provider_arn`, proves who we are.
void AssumeRoleWithOidc(const StsSettings& sts, const RamRole& role,
                        const std::string& provider_arn, const std::string& token,
                        Done<IssuedCredentials> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_STS_H_
