#include "plugin/oss/signature_v1.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/digest.h"

namespace penstock::oss {
namespace {

// Query parameters that name what is asked for, and are signed; the others, such as a list's
// prefix, are not. Sorted.
constexpr std::string_view kSubresources[] = {"acl",
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
                                              "endTime",
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
                                              "wormExtend",
                                              "wormId"};

bool IsSubresource(const std::string& name) {
  return absl::StartsWith(name, "x-oss-") ||
         std::binary_search(std::begin(kSubresources), std::end(kSubresources),
                            std::string_view(name));
}

// With the key and the values as they are, not encoded.
std::string CanonicalResource(const SigningInput& input) {
  std::string resource = "/";
  if (!input.bucket.empty()) absl::StrAppend(&resource, input.bucket, "/", input.key);
  char separator = '?';
  for (const auto& [name, value] : input.query) {
    if (!IsSubresource(name)) continue;
    absl::StrAppend(&resource, std::string(1, separator), name, value.empty() ? "" : "=", value);
    separator = '&';
  }
  return resource;
}

std::string HeaderOf(const SigningInput& input, const std::string& name) {
  const auto it = input.headers.find(name);
  return it == input.headers.end() ? "" : std::string(absl::StripAsciiWhitespace(it->second));
}

// `date` is the Date, or when a presigned URL expires.
std::string Signature(const SigningInput& input, const std::string& secret,
                      const std::string& date) {
  std::string oss_headers;
  for (const auto& [name, value] : input.headers) {
    if (!absl::StartsWith(name, "x-oss-")) continue;
    absl::StrAppend(&oss_headers, name, ":", absl::StripAsciiWhitespace(value), "\n");
  }
  const std::string to_sign = absl::StrCat(input.method, "\n", HeaderOf(input, "content-md5"), "\n",
                                           HeaderOf(input, "content-type"), "\n", date, "\n",
                                           oss_headers, CanonicalResource(input));
  return absl::Base64Escape(HmacSha1(secret, to_sign));
}

}  // namespace

void SignHeadersV1(SigningInput& input, const Credentials& credentials, absl::Time time) {
  input.headers["date"] = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time, absl::UTCTimeZone());
  if (!credentials.security_token.empty()) {
    input.headers["x-oss-security-token"] = credentials.security_token;
  }
  // Where a request has a date of OSS's own, that one counts.
  const std::string oss_date = HeaderOf(input, "x-oss-date");
  const std::string date = oss_date.empty() ? input.headers["date"] : oss_date;
  input.headers["authorization"] =
      absl::StrCat("OSS ", credentials.access_key_id, ":",
                   Signature(input, credentials.access_key_secret, date));
}

void SignQueryV1(SigningInput& input, const Credentials& credentials, absl::Time time,
                 absl::Duration expires) {
  const std::string end = absl::StrCat(absl::ToUnixSeconds(time + expires));
  if (!credentials.security_token.empty()) {
    input.query["security-token"] = credentials.security_token;
  }
  const std::string signature = Signature(input, credentials.access_key_secret, end);
  input.query["OSSAccessKeyId"] = credentials.access_key_id;
  input.query["Expires"] = end;
  input.query["Signature"] = signature;
}

}  // namespace penstock::oss
