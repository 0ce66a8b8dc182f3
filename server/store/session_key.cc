#include "server/store/session_key.h"

#include <openssl/sha.h>

#include <cstdint>

namespace penstock {

SessionKey MakeSessionKey(const std::string& principal, const std::string& token) {
  std::string text = "penstock.session.v1";
  text.push_back('\0');
  const uint64_t length = principal.size();
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(length >> shift));
  text += principal;
  text += token;
  SessionKey key;
  key.digest.resize(SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(key.digest.data()));
  return key;
}

}  // namespace penstock
