#include "emulator/authentication_errors.h"

#include <optional>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// "4F 53 53", as OSS prints StringToSignBytes.
std::string SpacedHex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += (text.empty() ? "" : " ") + UpperHex({&c, 1});
  return text;
}

}  // namespace

Failure CheckIdentity(const Credential& credential, const std::string& access_key_id,
                      const std::string* security_token) {
  for (const ExpiredToken& token : credential.expired) {
    if (security_token != nullptr && token.access_key_id == access_key_id &&
        token.security_token == *security_token) {
      return OssError{403, "SecurityTokenExpired", "The security token you provided has expired.",
                      kUnknownEc};
    }
  }
  const bool temporary = credential.security_token.has_value();
  // A temporary access key without its token is unknown, as on OSS.
  if (access_key_id != credential.access_key_id || (temporary && security_token == nullptr)) {
    return OssError{403,
                    "InvalidAccessKeyId",
                    "The OSS Access Key Id you provided does not exist in our records.",
                    "0002-00000902",
                    {{"OSSAccessKeyId", access_key_id}}};
  }
  if (!temporary && security_token != nullptr) {
    return OssError{403, "AccessKeyIdAndSecurityTokenNotMatch",
                    "The security token does not belong to the access key id.", kUnknownEc};
  }
  if (temporary && *security_token != *credential.security_token) {
    return OssError{403, "InvalidSecurityToken", "The security token you provided is invalid.",
                    kUnknownEc};
  }
  return std::nullopt;
}

OssError RequestTimeTooSkewed(const std::string& date, absl::Time now) {
  std::optional<absl::Time> signed_at = ParseBasicDate(date);
  if (!signed_at) signed_at = ParseHttpDate(date);
  return {403,
          "RequestTimeTooSkewed",
          "The difference between the request time and the current time is too large.",
          "0002-00000504",
          {{"MaxAllowedSkewMilliseconds", std::to_string(absl::ToInt64Milliseconds(kMaxSkew))},
           {"RequestTime", signed_at ? IsoSeconds(*signed_at) : date},
           {"ServerTime", IsoSeconds(now)}}};
}

OssError RequestExpired(bool early, absl::Time expires, absl::Time now) {
  OssError error = AccessDenied(early ? "The request is not yet valid." : "Request has expired.");
  error.elements = {{"Expires", IsoSeconds(expires)}, {"ServerTime", IsoSeconds(now)}};
  return error;
}

OssError SignatureDoesNotMatch(const std::string& access_key_id, const std::string& provided,
                               const std::string& string_to_sign) {
  return {403,
          "SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check "
          "your key and signing method.",
          "0002-00000201",
          {{"OSSAccessKeyId", access_key_id},
           {"SignatureProvided", provided},
           {"StringToSign", string_to_sign},
           {"StringToSignBytes", SpacedHex(string_to_sign)}}};
}

}  // namespace penstock::emulator
