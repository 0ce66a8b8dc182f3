#include "plugin/oss/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"

namespace penstock::oss {
namespace {

std::string Digest(const EVP_MD* kind, std::string_view data) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(data.data(), data.size(), bytes, &size, kind, nullptr);
  return std::string(reinterpret_cast<char*>(bytes), size);
}

std::string Hmac(const EVP_MD* kind, const std::string& key, std::string_view data) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(kind, key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), bytes, &size);
  return std::string(reinterpret_cast<char*>(bytes), size);
}

}  // namespace

std::string Sha256(std::string_view data) { return Digest(EVP_sha256(), data); }

std::string HmacSha256(const std::string& key, std::string_view data) {
  return Hmac(EVP_sha256(), key, data);
}

std::string HmacSha1(const std::string& key, std::string_view data) {
  return Hmac(EVP_sha1(), key, data);
}

std::string ContentMd5(std::string_view data) {
  return absl::Base64Escape(Digest(EVP_md5(), data));
}

}  // namespace penstock::oss
