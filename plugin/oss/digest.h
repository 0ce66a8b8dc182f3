#ifndef PENSTOCK_PLUGIN_OSS_DIGEST_H_
#define PENSTOCK_PLUGIN_OSS_DIGEST_H_

// Hashes as OSS's signatures need them: bytes in, bytes out.

#include <string>
#include <string_view>

namespace penstock::oss {

std::string Sha256(std::string_view data);
std::string HmacSha256(const std::string& key, std::string_view data);
std::string HmacSha1(const std::string& key, std::string_view data);

// Base64 of the MD5 of `data`, as in Content-MD5.
std::string ContentMd5(std::string_view data);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_DIGEST_H_
