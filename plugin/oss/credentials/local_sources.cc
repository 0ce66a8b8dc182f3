#include "plugin/oss/credentials/local_sources.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/oss/credentials/issued_reply.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

struct Variables {
  const char* id;
  const char* secret;
  const char* token;
};

constexpr Variables kOssVariables = {"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET",
                                     "OSS_SESSION_TOKEN"};
constexpr Variables kAlibabaVariables = {"ALIBABA_CLOUD_ACCESS_KEY_ID",
                                         "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                                         "ALIBABA_CLOUD_SECURITY_TOKEN"};

bool Names(const Variables& variables, const Environment& environment) {
  return !environment(variables.id).empty() || !environment(variables.secret).empty();
}

absl::Status BadVariable(const std::string& name, const std::string& problem) {
  return OptionError("credentials", absl::StrCat("come from the environment, whose variable ", name,
                                                 " ", problem));
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& option, const std::string& path) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadFile(option, path));
  std::string word(absl::StripAsciiWhitespace(text));
  // What the file holds is a secret even when it is wrong.
  if (!IsWord(word)) {
    return OptionError(option, absl::StrCat("names a file that must hold one word of printable "
                                            "characters and does not: ",
                                            path));
  }
  return word;
}

absl::StatusOr<Credentials> ReadConfiguredFiles(const OptionValues& values) {
  Credentials credentials;
  credentials.access_key_id = ValueOf(values, kAccessKeyId);
  const std::string id_file = ValueOf(values, kAccessKeyIdFile);
  if (credentials.access_key_id.empty() == id_file.empty()) {
    return OptionError(kAccessKeyId, "or access_key_id_file must be given, one of them");
  }
  if (!id_file.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(credentials.access_key_id, ReadSecretFile(kAccessKeyIdFile, id_file));
  } else if (!IsWord(credentials.access_key_id)) {
    return OptionError(kAccessKeyId, "must be one word of printable characters");
  }
  const std::string secret_file = ValueOf(values, kAccessKeySecretFile);
  if (secret_file.empty()) {
    return OptionError(kAccessKeySecretFile, "is required with an access key id");
  }
  PENSTOCK_ASSIGN_OR_RETURN(credentials.access_key_secret,
                            ReadSecretFile(kAccessKeySecretFile, secret_file));
  if (const std::string token_file = ValueOf(values, kSecurityTokenFile); !token_file.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(credentials.security_token,
                              ReadSecretFile(kSecurityTokenFile, token_file));
  }
  return credentials;
}

bool EnvironmentHasCredentials(const Environment& environment) {
  return Names(kOssVariables, environment) || Names(kAlibabaVariables, environment);
}

absl::StatusOr<Credentials> ReadEnvironment(const Environment& environment) {
  const bool of_alibaba =
      !Names(kOssVariables, environment) && Names(kAlibabaVariables, environment);
  const Variables& variables = of_alibaba ? kAlibabaVariables : kOssVariables;
  const Credentials credentials = {environment(variables.id), environment(variables.secret),
                                   environment(variables.token)};
  const std::pair<const char*, const std::string&> required[] = {
      {variables.id, credentials.access_key_id}, {variables.secret, credentials.access_key_secret}};
  for (const auto& [name, value] : required) {
    if (value.empty()) return BadVariable(name, "is not set");
    if (!IsWord(value)) return BadVariable(name, "is not one word of printable characters");
  }
  if (!credentials.security_token.empty() && !IsWord(credentials.security_token)) {
    return BadVariable(variables.token, "is not one word of printable characters");
  }
  return credentials;
}

}  // namespace penstock::oss
