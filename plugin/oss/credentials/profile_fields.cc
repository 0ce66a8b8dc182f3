#include "plugin/oss/credentials/profile_fields.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/credentials/issued_reply.h"
#include "plugin/oss/credentials/local_sources.h"
#include "plugin/oss/options.h"

namespace penstock::oss {

void ProfileFields::Fail(const std::string& problem) {
  if (status_.ok()) status_ = OptionError("profile", absl::StrCat("names ", place_, ", ", problem));
}

std::string ProfileFields::Word(const std::string& field) {
  std::string word = Text(field);
  if (!IsWord(word)) {
    Fail(absl::StrCat("whose field \"", field, "\" ",
                      word.empty() ? "is missing" : "is not one word of printable characters"));
  }
  return word;
}

Credentials ProfileFields::AccessKey() {
  return {Word("access_key_id"), Word("access_key_secret"), ""};
}

Credentials ProfileFields::Temporary(const std::string& token_field) {
  Credentials credentials = AccessKey();
  credentials.security_token = Word(token_field);
  return credentials;
}

EcsRamRole ProfileFields::Ecs(const std::string& role_field) {
  EcsRamRole role = {Text(role_field)};
  if (!role.role_name.empty() && !IsRoleName(role.role_name)) {
    Fail(absl::StrCat("whose field \"", role_field, "\" is not the name of a RAM role"));
  }
  return role;
}

RamRole ProfileFields::Role(const std::string& arn_field, const std::string& session_field,
                            const std::string& duration_field) {
  RamRole role;
  role.arn = Word(arn_field);
  if (const std::string session = Text(session_field); !session.empty()) {
    role.session_name = session;
  }
  role.external_id = Text("external_id");
  role.policy = Text("policy");
  const std::string duration = Text(duration_field);
  // The aliyun command writes 0 where nothing was said.
  if (duration.empty() || duration == "0") return role;
  if (!absl::SimpleAtoi(duration, &role.duration_seconds) ||
      role.duration_seconds < kMinRoleDuration || role.duration_seconds > kMaxRoleDuration) {
    Fail(absl::StrCat("whose field \"", duration_field, "\" must be ", kMinRoleDuration, " to ",
                      kMaxRoleDuration, " seconds"));
  }
  return role;
}

OidcRole ProfileFields::Oidc(RamRole role, const std::string& provider_field,
                             const std::string& file_field) {
  OidcRole oidc;
  oidc.role = std::move(role);
  oidc.provider_arn = Word(provider_field);
  const std::string file = Text(file_field);
  if (file.empty()) {
    Fail(absl::StrCat("whose field \"", file_field, "\" is missing"));
    return oidc;
  }
  absl::StatusOr<std::string> token = ReadSecretFile("profile", file);
  if (token.ok()) {
    oidc.token = *std::move(token);
  } else if (status_.ok()) {
    status_ = token.status();
  }
  return oidc;
}

}  // namespace penstock::oss
