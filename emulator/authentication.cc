#include "emulator/authentication.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_split.h"
#include "emulator/authentication_errors.h"
#include "emulator/authentication_v1.h"
#include "emulator/encoding.h"
#include "emulator/signature.h"

namespace penstock::emulator {
namespace {

constexpr int64_t kMaxExpiresSeconds = 604800;

// What a request says about its signature, wherever it says it.
struct Claim {
  bool in_query = false;
  std::string access_key_id;
  Scope scope;
  std::string date_time;
  absl::Duration expires;  // in_query only
  std::vector<std::string> additional;
  std::string signature;
  const std::string* security_token = nullptr;
};

OssError BadAuthorization(const std::string& message, const std::string& ec = kUnknownEc) {
  return InvalidArgument(message, "Authorization", "", ec);
}

Failure ParseCredential(const std::string& text, Claim& claim) {
  const std::vector<std::string> fields = absl::StrSplit(text, '/');
  if (fields.size() != 5 || fields[0].empty() || fields[4] != kV4Terminator) {
    return BadAuthorization(
        "The Credential is not <access key id>/<date>/<region>/<product>/aliyun_v4_request.");
  }
  claim.access_key_id = fields[0];
  claim.scope = {fields[1], fields[2], fields[3]};
  return std::nullopt;
}

// The names must be in canonical form, and each must be a header that needs listing and exists.
Failure ParseAdditionalHeaders(const Request& request, const std::string& text, Claim& claim) {
  if (text.empty()) {
    return BadAuthorization("AdditionalHeaders must not be empty.", "0002-00000209");
  }
  const std::vector<std::string> names = absl::StrSplit(text, ';');
  claim.additional = EffectiveAdditionalHeaders(request, names);
  if (claim.additional != names) {
    return BadAuthorization(
        "AdditionalHeaders must list, in lower case, sorted and once each, headers that the "
        "request has and that are not signed by default.");
  }
  return std::nullopt;
}

Result<Claim> ParseHeaderClaim(const Request& request, const std::string& authorization) {
  Claim claim;
  std::optional<std::string> credential;
  std::optional<std::string> additional;
  std::optional<std::string> signature;
  const std::vector<std::string> fields =
      absl::StrSplit(authorization.substr(std::string(kV4Algorithm).size()), ',');
  for (const std::string& field : fields) {
    const std::string item = TrimSpace(field);
    const size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    std::optional<std::string>* target = name == "Credential"          ? &credential
                                         : name == "AdditionalHeaders" ? &additional
                                         : name == "Signature"         ? &signature
                                                                       : nullptr;
    if (target == nullptr || target->has_value() || equals == std::string::npos) {
      return BadAuthorization("The Authorization header is malformed.");
    }
    *target = item.substr(equals + 1);
  }
  if (!credential || !signature) {
    return BadAuthorization("The Authorization header needs a Credential and a Signature.");
  }
  EMULATOR_RETURN_IF_ERROR(ParseCredential(*credential, claim));
  if (additional) EMULATOR_RETURN_IF_ERROR(ParseAdditionalHeaders(request, *additional, claim));
  const std::string* payload = request.Header("x-oss-content-sha256");
  if (payload == nullptr || *payload != kUnsignedPayload) {
    return InvalidArgument("x-oss-content-sha256 must be UNSIGNED-PAYLOAD.", "x-oss-content-sha256",
                           payload == nullptr ? "" : *payload, "0002-00000214");
  }
  claim.signature = *signature;
  claim.date_time = request.HeaderOr("x-oss-date", "");
  claim.security_token = request.Header("x-oss-security-token");
  return claim;
}

Result<Claim> ParseQueryClaim(const Request& request) {
  Claim claim;
  claim.in_query = true;
  const auto query = [&](const char* name) {
    const std::string* value = request.Query(name);
    return value == nullptr ? std::string() : *value;
  };
  if (query("x-oss-signature-version") != kV4Algorithm) {
    return NotImplemented("x-oss-signature-version " + query("x-oss-signature-version"));
  }
  EMULATOR_RETURN_IF_ERROR(ParseCredential(query("x-oss-credential"), claim));
  if (const std::string* additional = request.Query("x-oss-additional-headers")) {
    EMULATOR_RETURN_IF_ERROR(ParseAdditionalHeaders(request, *additional, claim));
  }
  const auto expires = ParseNumber(query("x-oss-expires"), kMaxExpiresSeconds);
  if (!expires || *expires < 1) {
    return InvalidArgument("x-oss-expires must be 1 to 604800 seconds.", "x-oss-expires",
                           query("x-oss-expires"), "0002-00000232");
  }
  claim.expires = absl::Seconds(*expires);
  claim.signature = query("x-oss-signature");
  claim.date_time = query("x-oss-date");
  claim.security_token = request.Query("x-oss-security-token");
  return claim;
}

// Whether the query signs by V4.
bool IsSignedQuery(const Request& request) {
  return request.Query("x-oss-signature") != nullptr ||
         request.Query("x-oss-signature-version") != nullptr;
}

Result<Claim> ParseClaim(const Request& request) {
  const std::string* authorization = request.Header("authorization");
  const bool signed_query = IsSignedQuery(request);
  if (authorization == nullptr) {
    if (signed_query) return ParseQueryClaim(request);
    return AccessDenied("You have no right to access this object because of bucket acl.");
  }
  if (signed_query) {
    return BadAuthorization("The request is signed in its header and in its query.");
  }
  if (authorization->starts_with(std::string(kV4Algorithm) + " ")) {
    return ParseHeaderClaim(request, *authorization);
  }
  if (authorization->starts_with("OSS2 ")) return NotImplemented("the V2 header signature");
  return BadAuthorization("The Authorization header names no signature algorithm of OSS.");
}

Failure CheckScope(const Credential& credential, const Claim& claim) {
  if (claim.scope.date != claim.date_time.substr(0, 8)) {
    return BadAuthorization("The date of the Credential is not the day of x-oss-date.");
  }
  if (claim.scope.region != credential.region) {
    return BadAuthorization("Invalid signing region in the Credential: '" + claim.scope.region +
                                "', the bucket's is '" + credential.region + "'.",
                            claim.in_query ? "0002-00000226" : "0002-00000228");
  }
  if (claim.scope.product != "oss") {
    return BadAuthorization("Invalid signing product in the Credential.");
  }
  return std::nullopt;
}

Failure CheckTime(const Claim& claim, absl::Time now) {
  const std::optional<absl::Time> signed_at = ParseBasicDate(claim.date_time);
  if (!signed_at) {
    return AccessDenied("x-oss-date is missing or not of the form YYYYMMDDTHHMMSSZ.");
  }
  const bool early = *signed_at - now > kMaxSkew;
  if (!claim.in_query && (early || now - *signed_at > kMaxSkew)) {
    return RequestTimeTooSkewed(claim.date_time, now);
  }
  if (claim.in_query && (early || now > *signed_at + claim.expires)) {
    return RequestExpired(early, *signed_at + claim.expires, now);
  }
  return std::nullopt;
}

Failure CheckSignature(const Credential& credential, const Request& request, const Claim& claim) {
  const std::string canonical = CanonicalRequest(request, claim.additional);
  const std::string to_sign = StringToSign(claim.date_time, claim.scope, canonical);
  const std::string expected = Sign(SigningKey(credential.access_key_secret, claim.scope), to_sign);
  if (claim.signature == expected) return std::nullopt;
  OssError error = SignatureDoesNotMatch(claim.access_key_id, claim.signature, to_sign);
  // The canonical request holds the token: then it stays out of the reply and so out of logs.
  if (claim.security_token == nullptr) error.elements.push_back({"CanonicalRequest", canonical});
  return error;
}

}  // namespace

Failure Authenticate(const Credential& credential, const Request& request, absl::Time now) {
  if (IsSignedByV1(request) && !IsSignedQuery(request)) {
    return AuthenticateV1(credential, request, now);
  }
  EMULATOR_ASSIGN_OR_RETURN(const Claim claim, ParseClaim(request));
  EMULATOR_RETURN_IF_ERROR(CheckTime(claim, now));
  EMULATOR_RETURN_IF_ERROR(CheckScope(credential, claim));
  EMULATOR_RETURN_IF_ERROR(CheckIdentity(credential, claim.access_key_id, claim.security_token));
  return CheckSignature(credential, request, claim);
}

}  // namespace penstock::emulator
