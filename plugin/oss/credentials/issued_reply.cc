#include "plugin/oss/credentials/issued_reply.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "plugin/oss/credentials/source_errors.h"

namespace penstock::oss {
namespace {

using Json = nlohmann::json;

// No key or token is longer.
constexpr size_t kMaxWordBytes = 16 * 1024;

constexpr size_t kMaxShown = 100;

// Discarded when it is not JSON.
Json Parse(std::string_view body) { return Json::parse(body, nullptr, false); }

std::string TextOf(const Json& object, const char* field) {
  if (!object.is_object()) return "";
  const auto it = object.find(field);
  return it == object.end() || !it->is_string() ? "" : it->get<std::string>();
}

absl::StatusOr<std::string> WordOf(const Json& object, const char* field) {
  std::string word = TextOf(object, field);
  if (IsWord(word)) return word;
  return absl::InvalidArgumentError(
      absl::StrCat("its answer has no field \"", field, "\" that holds one printable word"));
}

absl::StatusOr<IssuedCredentials> ParseFields(const Json& object) {
  IssuedCredentials issued;
  PENSTOCK_ASSIGN_OR_RETURN(issued.credentials.access_key_id, WordOf(object, "AccessKeyId"));
  PENSTOCK_ASSIGN_OR_RETURN(issued.credentials.access_key_secret,
                            WordOf(object, "AccessKeySecret"));
  PENSTOCK_ASSIGN_OR_RETURN(issued.credentials.security_token, WordOf(object, "SecurityToken"));
  std::string ignored;
  if (!absl::ParseTime(absl::RFC3339_full, TextOf(object, "Expiration"), &issued.expiration,
                       &ignored) ||
      issued.expiration == absl::InfiniteFuture()) {
    return absl::InvalidArgumentError("its answer has no time in the field \"Expiration\"");
  }
  return issued;
}

absl::Status NotJson() { return absl::InvalidArgumentError("its answer is not a JSON object"); }

}  // namespace

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWordBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

absl::StatusOr<IssuedCredentials> ParseMetadataReply(std::string_view body) {
  const Json reply = Parse(body);
  if (!reply.is_object()) return NotJson();
  const std::string code = TextOf(reply, "Code");
  if (code != "Success") {
    return absl::FailedPreconditionError(
        absl::StrCat("it answered Code \"", PrintableText(code, kMaxShown), "\""));
  }
  return ParseFields(reply);
}

absl::StatusOr<IssuedCredentials> ParseStsReply(std::string_view body) {
  const Json reply = Parse(body);
  if (!reply.is_object()) return NotJson();
  const auto it = reply.find("Credentials");
  if (it == reply.end()) return absl::InvalidArgumentError("its answer has no \"Credentials\"");
  return ParseFields(*it);
}

StsError ParseStsError(std::string_view body) {
  const Json reply = Parse(body);
  return {PrintableText(TextOf(reply, "Code"), kMaxShown), TextOf(reply, "Message"),
          PrintableText(TextOf(reply, "RequestId"), kMaxShown)};
}

}  // namespace penstock::oss
