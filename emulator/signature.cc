#include "emulator/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

std::string HmacSha256(const std::string& key, std::string_view data) {
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &length);
  return mac;
}

std::string CanonicalUri(const Request& request) {
  if (request.bucket.empty()) return "/";
  return "/" + PercentEncode(request.bucket, true) + "/" + PercentEncode(request.key, true);
}

std::string CanonicalQuery(const Request& request) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : request.query) {
    if (name == "x-oss-signature") continue;
    encoded.emplace_back(PercentEncode(name, false), PercentEncode(value, false));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) {
    if (!query.empty()) query += '&';
    query += name;
    if (!value.empty()) query += '=' + value;
  }
  return query;
}

}  // namespace

std::string Scope::Text() const {
  return date + "/" + region + "/" + product + "/" + kV4Terminator;
}

bool IsSignedByDefault(std::string_view lower_name) {
  return lower_name == "content-type" || lower_name == "content-md5" ||
         lower_name.starts_with("x-oss-");
}

std::vector<std::string> EffectiveAdditionalHeaders(const Request& request,
                                                    const std::vector<std::string>& names) {
  std::set<std::string> effective;
  for (const std::string& name : names) {
    const std::string lower = AsciiLower(name);
    if (!IsSignedByDefault(lower) && request.Header(lower) != nullptr) effective.insert(lower);
  }
  return {effective.begin(), effective.end()};
}

std::string CanonicalRequest(const Request& request, const std::vector<std::string>& additional) {
  std::string text =
      request.method + "\n" + CanonicalUri(request) + "\n" + CanonicalQuery(request) + "\n";
  // The map is sorted by name.
  for (const auto& [name, value] : request.headers) {
    if (IsSignedByDefault(name) ||
        std::find(additional.begin(), additional.end(), name) != additional.end()) {
      text += name + ":" + TrimSpace(value) + "\n";
    }
  }
  text += '\n';
  for (size_t i = 0; i < additional.size(); ++i) text += (i == 0 ? "" : ";") + additional[i];
  return text + "\n" + request.HeaderOr("x-oss-content-sha256", kUnsignedPayload);
}

std::string StringToSign(const std::string& date_time, const Scope& scope,
                         const std::string& canonical_request) {
  return std::string(kV4Algorithm) + "\n" + date_time + "\n" + scope.Text() + "\n" +
         Sha256Hex(canonical_request);
}

std::string SigningKey(const std::string& secret, const Scope& scope) {
  const std::string date_key = HmacSha256("aliyun_v4" + secret, scope.date);
  const std::string region_key = HmacSha256(date_key, scope.region);
  return HmacSha256(HmacSha256(region_key, scope.product), kV4Terminator);
}

std::string Sign(const std::string& signing_key, const std::string& string_to_sign) {
  return LowerHex(HmacSha256(signing_key, string_to_sign));
}

std::string Sha256Hex(std::string_view data) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return LowerHex(digest);
}

}  // namespace penstock::emulator
