#include "base/page_token.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "base/error.h"
#include "base/random.h"

namespace penstock {
namespace {

constexpr size_t kSealLength = 16;  // hexadecimal digits

std::string Seal(const std::string& text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return ToHex(digest).substr(0, kSealLength);
}

}  // namespace

std::string MakePageToken(const std::string& position, PageText text) {
  return Seal(text(position)) + ToHex(position);
}

absl::StatusOr<std::string> ReadPageToken(const std::string& token, PageText text) {
  if (token.empty()) return std::string();
  if (token.size() > kSealLength) {
    const std::string position = absl::HexStringToBytes(token.substr(kSealLength));
    // Compares the whole, so that what is not hexadecimal is refused as well.
    if (MakePageToken(position, text) == token) return position;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
                   "expected a page token that an earlier page of the same query gave, another "
                   "came");
}

}  // namespace penstock
