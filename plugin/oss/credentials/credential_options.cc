#include "plugin/oss/credentials/credential_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

OptionInfo Option(const char* name, std::string help, std::vector<std::string> examples = {},
                  std::string default_value = "") {
  OptionInfo option;
  option.name = name;
  option.help = std::move(help);
  option.examples = std::move(examples);
  option.default_value = std::move(default_value);
  return option;
}

// Paths of secrets are not printed either.
OptionInfo SecretFile(OptionInfo option) {
  option.secret = true;
  return option;
}

const std::vector<std::string>& Kinds() {
  static const auto* const kinds = new std::vector<std::string>{
      kAuto, kFiles, kEnvironment, kOidc, kCliProfile, kProfile, kEcsRamRole};
  return *kinds;
}

// Options that make sense with some kinds only.
struct OptionOfKinds {
  const char* option;
  std::vector<std::string> kinds;
};

const std::vector<OptionOfKinds>& OptionsOfKinds() {
  static const auto* const options = new std::vector<OptionOfKinds>{
      {kAccessKeyId, {kFiles}},
      {kAccessKeyIdFile, {kFiles}},
      {kAccessKeySecretFile, {kFiles}},
      {kSecurityTokenFile, {kFiles}},
      {"credentials_file", {kProfile, kCliProfile}},
      {"profile", {kProfile, kCliProfile}},
      {"ram_role_name", {kEcsRamRole}},
      {"oidc_provider_arn", {kOidc}},
      {"oidc_token_file", {kOidc}},
      {"oidc_role_arn", {kOidc}},
  };
  return *options;
}

std::vector<OptionInfo> FileOptions() {
  return {
      Option(kAccessKeyId, "Id of the access key, for credentials = \"files\"."),
      Option(kAccessKeyIdFile,
             "File that holds the access key's id, where it changes with its secret.",
             {"/run/secrets/oss/access_key_id"}),
      SecretFile(Option(kAccessKeySecretFile,
                        "File that holds the access key's secret and nothing else.",
                        {"/run/secrets/oss/access_key_secret"})),
      SecretFile(Option(kSecurityTokenFile,
                        "File that holds the security token of temporary credentials. This and "
                        "the other two files are read again when OSS refuses a token.",
                        {"/run/secrets/oss/security_token"})),
  };
}

std::vector<OptionInfo> SourceOptions() {
  return {
      SecretFile(Option("credentials_file",
                        "The file of the profile. Without it ALIBABA_CLOUD_CREDENTIALS_FILE or "
                        "~/.alibabacloud/credentials (profile), ALIBABA_CLOUD_CONFIG_FILE or "
                        "~/.aliyun/config.json (cli_profile).",
                        {"/etc/penstock/credentials"})),
      Option("profile",
             "Name of the profile. Without it ALIBABA_CLOUD_PROFILE, then \"default\" (profile) or "
             "the file's current one (cli_profile).",
             {"uploads"}),
      Option("ram_role_name",
             "The RAM role of this ECS instance. Without it ALIBABA_CLOUD_ECS_METADATA, or "
             "whichever is attached.",
             {"penstock-uploads"}),
      Option("metadata_endpoint",
             "Address of the ECS metadata service. Another one only for tests and where a proxy "
             "stands in for it.",
             {"http://127.0.0.1:8100"}, "http://100.100.100.200"),
      Option("oidc_provider_arn",
             "ARN of the identity provider, for credentials = \"oidc\". Without it "
             "ALIBABA_CLOUD_OIDC_PROVIDER_ARN.",
             {"acs:ram::123456789012****:oidc-provider/ack-rrsa"}),
      SecretFile(
          Option("oidc_token_file",
                 "File that holds the token of the identity provider; read again for each fetch. "
                 "Without it ALIBABA_CLOUD_OIDC_TOKEN_FILE.",
                 {"/var/run/secrets/ack.alibabacloud.com/rrsa-tokens/token"})),
      Option("oidc_role_arn",
             "ARN of the role that the token stands for. Without it ALIBABA_CLOUD_ROLE_ARN.",
             {"acs:ram::123456789012****:role/penstock"}),
  };
}

std::vector<OptionInfo> RoleOptions() {
  return {
      Option("role_arn",
             "ARN of a RAM role to assume with the credentials, whatever their kind; requests are "
             "then signed with the role's.",
             {"acs:ram::123456789012****:role/uploads"}),
      Option("role_session_name",
             "Name under which a role is assumed, as the audit log shows it. Without it "
             "ALIBABA_CLOUD_ROLE_SESSION_NAME, then \"penstock\".",
             {"penstock-eu"}),
      Option("role_external_id", "External id that the trust policy of role_arn asks for, if any."),
      Option("role_duration",
             "Seconds that the credentials of role_arn or oidc_role_arn last, 900 to 43200; at "
             "most what the role allows.",
             {"900"}, absl::StrCat(kDefaultRoleDuration)),
      Option("sts_endpoint",
             "Host or URL of the STS. Without it sts.aliyuncs.com or, where "
             "ALIBABA_CLOUD_STS_REGION is set, that region's; ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED = "
             "true takes the one inside its VPC network.",
             {"sts-vpc.cn-hangzhou.aliyuncs.com"}),
  };
}

bool IsArn(const std::string& text) {
  return absl::StartsWith(text, "acs:ram::") && absl::StrContains(text, ":role/");
}

bool IsSessionName(const std::string& text) {
  return text.size() >= 2 && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("-_.@", absl::string_view(&c, 1));
         });
}

}  // namespace

std::vector<OptionInfo> CredentialOptions() {
  std::vector<OptionInfo> options = {Option(
      "credentials",
      "Where the credentials come from: files (of the options access_key_*), environment (OSS_* "
      "or ALIBABA_CLOUD_* variables), oidc (a token of an identity provider: RRSA in ACK), "
      "cli_profile (the aliyun command's), profile (~/.alibabacloud/credentials), ecs_ram_role "
      "(the metadata service), or auto: files where their options are given, else the first in "
      "this order that is there when the program starts.",
      {kEcsRamRole, kOidc}, kAuto)};
  for (const auto& more : {FileOptions(), SourceOptions(), RoleOptions()}) {
    options.insert(options.end(), more.begin(), more.end());
  }
  return options;
}

absl::StatusOr<std::string> CredentialKind(const OptionValues& values) {
  const std::string given = ValueOf(values, "credentials");
  const std::string kind = given.empty() ? kAuto : given;
  if (std::find(Kinds().begin(), Kinds().end(), kind) == Kinds().end()) {
    return OptionError("credentials", absl::StrCat("is \"", kind, "\"; expected one of ",
                                                   absl::StrJoin(Kinds(), ", ")));
  }
  if (kind != kAuto) PENSTOCK_RETURN_IF_ERROR(CheckOptionsOfKind(values, kind));
  return kind;
}

absl::Status CheckOptionsOfKind(const OptionValues& values, const std::string& kind) {
  for (const auto& [option, kinds] : OptionsOfKinds()) {
    if (ValueOf(values, option).empty()) continue;
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) continue;
    return OptionError(option,
                       absl::StrCat("belongs to credentials = \"", absl::StrJoin(kinds, "\" or \""),
                                    "\", and the remote's are \"", kind, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<RamRole> ConfiguredRole(const OptionValues& values, const Environment& environment) {
  RamRole role;
  role.arn = ValueOf(values, "role_arn");
  if (!role.arn.empty() && !IsArn(role.arn)) {
    return OptionError("role_arn", "must be like acs:ram::<account>:role/<name>");
  }
  std::string session = ValueOf(values, "role_session_name");
  if (session.empty()) session = environment("ALIBABA_CLOUD_ROLE_SESSION_NAME");
  if (!session.empty()) role.session_name = session;
  if (!IsSessionName(role.session_name)) {
    return OptionError("role_session_name",
                       "must be 2 to 64 characters of letters, digits and -_.@");
  }
  role.external_id = ValueOf(values, "role_external_id");
  const std::string duration = ValueOf(values, "role_duration");
  if (!duration.empty() &&
      (!absl::SimpleAtoi(duration, &role.duration_seconds) ||
       role.duration_seconds < kMinRoleDuration || role.duration_seconds > kMaxRoleDuration)) {
    return OptionError("role_duration",
                       absl::StrCat("must be ", kMinRoleDuration, " to ", kMaxRoleDuration,
                                    " seconds, not \"", duration, "\""));
  }
  return role;
}

absl::StatusOr<std::string> ServiceUrl(const std::string& option, const std::string& text,
                                       const std::string& default_scheme) {
  std::string url =
      absl::StrContains(text, "://") ? text : absl::StrCat(default_scheme, "://", text);
  if (absl::EndsWith(url, "/")) url.pop_back();
  const size_t host = url.find("://") + 3;
  const bool of_http = absl::StartsWith(url, "http://") || absl::StartsWith(url, "https://");
  const bool host_good =
      host < url.size() &&
      std::all_of(url.begin() + static_cast<std::ptrdiff_t>(host), url.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
               absl::StrContains(".-:[]", absl::string_view(&c, 1));
      });
  if (of_http && host_good) return url;
  return OptionError(option,
                     absl::StrCat("must be a host, or an http or https URL without a path: ",
                                  "sts.aliyuncs.com, http://127.0.0.1:8100"));
}

absl::StatusOr<std::string> StsUrl(const OptionValues& values, const Environment& environment) {
  if (const std::string given = ValueOf(values, "sts_endpoint"); !given.empty()) {
    return ServiceUrl("sts_endpoint", given, "https");
  }
  const std::string region = environment("ALIBABA_CLOUD_STS_REGION");
  if (region.empty()) return std::string("https://sts.aliyuncs.com");
  const char* const kind =
      IsTrue(environment, "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") ? "sts-vpc" : "sts";
  return ServiceUrl("sts_endpoint", absl::StrCat(kind, ".", region, ".aliyuncs.com"), "https");
}

bool IsTrue(const Environment& environment, const std::string& name) {
  return absl::EqualsIgnoreCase(environment(name), "true");
}

}  // namespace penstock::oss
