#include "server/store/session_page.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/random.h"

namespace penstock {
namespace {

constexpr size_t kSealLength = 16;  // hexadecimal digits

// Fixes what a token belongs to. Not a secret: a forged token shows nothing that another query of
// the same principal would not show.
std::string TokenSeal(const SessionQuery& query, const std::string& last_session_id) {
  std::vector<int> states;
  for (const SessionState state : query.states) states.push_back(static_cast<int>(state));
  std::sort(states.begin(), states.end());
  std::string text = "penstock.page.v1";
  for (const std::string& field :
       {query.principal, query.remote, query.bucket, query.key_prefix, last_session_id}) {
    absl::StrAppend(&text, field.size(), ":", field);
  }
  for (const int state : states) absl::StrAppend(&text, state, ",");
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return ToHex(digest).substr(0, kSealLength);
}

}  // namespace

int PageSize(const SessionQuery& query) {
  return query.page_size <= 0 ? kDefaultPageSize : std::min(query.page_size, kMaxPageSize);
}

std::string MakePageToken(const SessionQuery& query, const std::string& last_session_id) {
  return TokenSeal(query, last_session_id) + ToHex(last_session_id);
}

absl::StatusOr<std::string> ReadPageToken(const SessionQuery& query) {
  if (query.page_token.empty()) return std::string();
  if (query.page_token.size() > kSealLength) {
    const std::string last_session_id =
        absl::HexStringToBytes(query.page_token.substr(kSealLength));
    // Compares the whole, so that what is not hexadecimal is refused as well.
    if (MakePageToken(query, last_session_id) == query.page_token) return last_session_id;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
                   "expected a page token that an earlier page of the same query gave, another "
                   "came");
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  }
  return prefix;
}

}  // namespace penstock
