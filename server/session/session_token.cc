#include "server/session/session_token.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr size_t kMinTokenLength = 16;
constexpr size_t kMaxTokenLength = 128;

bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '~' ||
         c == '-';
}

}  // namespace

absl::Status CheckSessionToken(const std::string& token) {
  const bool good = token.size() >= kMinTokenLength && token.size() <= kMaxTokenLength &&
                    std::all_of(token.begin(), token.end(), IsTokenCharacter);
  if (good) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_SESSION_TOKEN",
                   absl::StrCat("a session token must have ", kMinTokenLength, " to ",
                                kMaxTokenLength, " characters of [A-Za-z0-9._~-], one of ",
                                token.size(), " characters came, or one with others"),
                   {{"minimum", absl::StrCat(kMinTokenLength)},
                    {"maximum", absl::StrCat(kMaxTokenLength)},
                    {"got", absl::StrCat(token.size())}});
}

}  // namespace penstock
