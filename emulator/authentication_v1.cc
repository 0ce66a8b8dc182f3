#include "emulator/authentication_v1.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "emulator/authentication_errors.h"
#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// The query keys that are signed, besides those that begin with x-oss-.
const std::set<std::string>& SignedParameters() {
  static const std::set<std::string> names = {"acl",
                                              "append",
                                              "bucketInfo",
                                              "callback",
                                              "callback-var",
                                              "cname",
                                              "comp",
                                              "continuation-token",
                                              "cors",
                                              "delete",
                                              "encryption",
                                              "img",
                                              "inventory",
                                              "inventoryId",
                                              "lifecycle",
                                              "live",
                                              "location",
                                              "logging",
                                              "objectMeta",
                                              "partNumber",
                                              "policy",
                                              "position",
                                              "qos",
                                              "qosInfo",
                                              "referer",
                                              "regionList",
                                              "replication",
                                              "replicationLocation",
                                              "replicationProgress",
                                              "requestPayment",
                                              "resourceGroup",
                                              "response-cache-control",
                                              "response-content-disposition",
                                              "response-content-encoding",
                                              "response-content-language",
                                              "response-content-type",
                                              "response-expires",
                                              "restore",
                                              "security-token",
                                              "sequential",
                                              "startTime",
                                              "endTime",
                                              "stat",
                                              "status",
                                              "style",
                                              "styleName",
                                              "symlink",
                                              "tagging",
                                              "uploadId",
                                              "uploads",
                                              "versionId",
                                              "versioning",
                                              "versions",
                                              "vod",
                                              "website",
                                              "worm",
                                              "wormId",
                                              "wormExtend"};
  return names;
}

std::string CanonicalResource(const Request& request) {
  std::string resource = "/";
  if (!request.bucket.empty()) resource += request.bucket + "/" + request.key;
  std::vector<std::pair<std::string, std::string>> signed_parameters;
  for (const auto& parameter : request.query) {
    if (SignedParameters().contains(parameter.first) || parameter.first.starts_with("x-oss-")) {
      signed_parameters.push_back(parameter);
    }
  }
  std::sort(signed_parameters.begin(), signed_parameters.end());
  char separator = '?';
  for (const auto& [name, value] : signed_parameters) {
    resource += separator + name + (value.empty() ? "" : "=" + value);
    separator = '&';
  }
  return resource;
}

// Compares the signature once everything else holds.
Failure CheckSignature(const Credential& credential, const Request& request,
                       const std::string& date, const std::string& provided) {
  const std::string to_sign = StringToSignV1(request, date);
  if (provided == SignV1(credential.access_key_secret, to_sign)) return std::nullopt;
  return SignatureDoesNotMatch(credential.access_key_id, provided, to_sign);
}

Failure AuthenticateQuery(const Credential& credential, const Request& request, absl::Time now) {
  const std::string* id = request.Query("OSSAccessKeyId");
  const std::string* expires = request.Query("Expires");
  const std::string* signature = request.Query("Signature");
  if (id == nullptr || expires == nullptr || signature == nullptr) {
    return AccessDenied("The query needs OSSAccessKeyId, Expires and Signature.");
  }
  const auto seconds = ParseNumber(*expires, std::numeric_limits<int32_t>::max());
  if (!seconds) return AccessDenied("Expires is not a time in seconds.");
  const absl::Time end = absl::FromUnixSeconds(*seconds);
  if (now > end) return RequestExpired(false, end, now);
  EMULATOR_RETURN_IF_ERROR(CheckIdentity(credential, *id, request.Query("security-token")));
  return CheckSignature(credential, request, *expires, *signature);
}

Failure AuthenticateHeader(const Credential& credential, const Request& request, absl::Time now) {
  const std::string fields = request.HeaderOr("authorization", "").substr(4);  // behind "OSS "
  const size_t colon = fields.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == fields.size()) {
    return InvalidArgument("The Authorization header is not OSS <access key id>:<signature>.",
                           "Authorization", "");
  }
  const std::string date = request.HeaderOr("x-oss-date", request.HeaderOr("date", ""));
  const std::optional<absl::Time> signed_at = ParseHttpDate(date);
  if (!signed_at) {
    return AccessDenied("OSS authentication requires a valid Date: of the form of RFC 1123, GMT.");
  }
  if (*signed_at - now > kMaxSkew || now - *signed_at > kMaxSkew) {
    return RequestTimeTooSkewed(date, now);
  }
  EMULATOR_RETURN_IF_ERROR(
      CheckIdentity(credential, fields.substr(0, colon), request.Header("x-oss-security-token")));
  return CheckSignature(credential, request, date, fields.substr(colon + 1));
}

}  // namespace

bool IsSignedByV1(const Request& request) {
  return request.HeaderOr("authorization", "").starts_with("OSS ") ||
         (request.Header("authorization") == nullptr && request.Query("Signature") != nullptr);
}

Failure AuthenticateV1(const Credential& credential, const Request& request, absl::Time now) {
  if (request.Header("authorization") == nullptr) {
    return AuthenticateQuery(credential, request, now);
  }
  return AuthenticateHeader(credential, request, now);
}

std::string StringToSignV1(const Request& request, const std::string& date) {
  std::string text = request.method + "\n" + request.HeaderOr("content-md5", "") + "\n" +
                     request.HeaderOr("content-type", "") + "\n" + date + "\n";
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-oss-")) text += name + ":" + TrimSpace(value) + "\n";
  }
  return text + CanonicalResource(request);
}

std::string SignV1(const std::string& secret, const std::string& string_to_sign) {
  std::string mac(20, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(string_to_sign.data()), string_to_sign.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &length);
  return Base64(mac);
}

}  // namespace penstock::emulator
