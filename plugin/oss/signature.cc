#include "plugin/oss/signature.h"

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/random.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/signing_keys.h"

namespace penstock::oss {
namespace {

constexpr char kAlgorithm[] = "OSS4-HMAC-SHA256";
constexpr char kTerminator[] = "aliyun_v4_request";
constexpr char kUnsignedPayload[] = "UNSIGNED-PAYLOAD";

bool IsSignedByDefault(const std::string& name) {
  return name == "content-type" || name == "content-md5" || absl::StartsWith(name, "x-oss-");
}

// Names that are in the request and not signed anyhow, in lower case, sorted.
std::set<std::string> AdditionalHeaders(const SigningInput& input) {
  std::set<std::string> names;
  for (const std::string& name : input.additional_headers) {
    const std::string lower = absl::AsciiStrToLower(name);
    if (input.headers.contains(lower) && !IsSignedByDefault(lower)) names.insert(lower);
  }
  return names;
}

std::string CanonicalUri(const SigningInput& input) {
  if (input.bucket.empty()) return "/";
  return UriEncode(absl::StrCat("/", input.bucket, "/", input.key), true);
}

std::string ScopeOf(const std::string& date, const SigningScope& scope) {
  return absl::StrCat(date, "/", scope.region, "/", scope.product, "/", kTerminator);
}

std::string Signature(const SigningInput& input, const std::string& secret, const std::string& time,
                      const SigningScope& scope, SigningKeys& keys) {
  const std::string date = time.substr(0, 8);
  const std::string to_sign = absl::StrCat(kAlgorithm, "\n", time, "\n", ScopeOf(date, scope), "\n",
                                           ToHex(Sha256(CanonicalRequest(input))));
  return ToHex(HmacSha256(keys.Get(secret, date, scope), to_sign));
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~' ||
                       (keep_slash && c == '/');
    if (plain) {
      out.push_back(c);
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string CanonicalQuery(const Query& query) {
  std::map<std::string, std::string> encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace(UriEncode(name, false), UriEncode(value, false));
  }
  std::string out;
  for (const auto& [name, value] : encoded) {
    absl::StrAppend(&out, out.empty() ? "" : "&", name, value.empty() ? "" : "=", value);
  }
  return out;
}

std::string FormatSigningTime(absl::Time time) {
  return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone());
}

std::string CanonicalRequest(const SigningInput& input) {
  const std::set<std::string> additional = AdditionalHeaders(input);
  std::string headers;
  for (const auto& [name, value] : input.headers) {
    if (!IsSignedByDefault(name) && !additional.contains(name)) continue;
    absl::StrAppend(&headers, name, ":", absl::StripAsciiWhitespace(value), "\n");
  }
  const auto payload = input.headers.find("x-oss-content-sha256");
  return absl::StrCat(input.method, "\n", CanonicalUri(input), "\n", CanonicalQuery(input.query),
                      "\n", headers, "\n", absl::StrJoin(additional, ";"), "\n",
                      payload == input.headers.end() ? kUnsignedPayload : payload->second);
}

std::string SigningKey(const std::string& secret, const std::string& date,
                       const SigningScope& scope) {
  const std::string day = HmacSha256("aliyun_v4" + secret, date);
  return HmacSha256(HmacSha256(HmacSha256(day, scope.region), scope.product), kTerminator);
}

void SignHeaders(SigningInput& input, const Credentials& credentials, const SigningScope& scope,
                 absl::Time time, SigningKeys& keys) {
  const std::string stamp = FormatSigningTime(time);
  input.headers["x-oss-date"] = stamp;
  input.headers["x-oss-content-sha256"] = kUnsignedPayload;
  if (!credentials.security_token.empty()) {
    input.headers["x-oss-security-token"] = credentials.security_token;
  }
  const std::string additional = absl::StrJoin(AdditionalHeaders(input), ";");
  input.headers["authorization"] = absl::StrCat(
      kAlgorithm, " Credential=", credentials.access_key_id, "/",
      ScopeOf(stamp.substr(0, 8), scope), ",",
      additional.empty() ? "" : absl::StrCat("AdditionalHeaders=", additional, ","),
      "Signature=", Signature(input, credentials.access_key_secret, stamp, scope, keys));
}

void SignQuery(SigningInput& input, const Credentials& credentials, const SigningScope& scope,
               absl::Time time, absl::Duration expires, SigningKeys& keys) {
  const std::string stamp = FormatSigningTime(time);
  input.query["x-oss-signature-version"] = kAlgorithm;
  input.query["x-oss-credential"] =
      absl::StrCat(credentials.access_key_id, "/", ScopeOf(stamp.substr(0, 8), scope));
  input.query["x-oss-date"] = stamp;
  input.query["x-oss-expires"] = absl::StrCat(absl::ToInt64Seconds(expires));
  if (!credentials.security_token.empty()) {
    input.query["x-oss-security-token"] = credentials.security_token;
  }
  const std::string additional = absl::StrJoin(AdditionalHeaders(input), ";");
  if (!additional.empty()) input.query["x-oss-additional-headers"] = additional;
  const std::string signature = Signature(input, credentials.access_key_secret, stamp, scope, keys);
  input.query["x-oss-signature"] = signature;
}

}  // namespace penstock::oss
