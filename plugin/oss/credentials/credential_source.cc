#include "plugin/oss/credentials/credential_source.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "plugin/oss/credentials/credential_options.h"
#include "plugin/oss/credentials/fetcher.h"
#include "plugin/oss/credentials/profiles.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

// What the metadata service's errors tell where nobody asked for it by name.
constexpr char kChosenByDefault[] =
    "it was asked because the remote names no other source and none was found: neither "
    "access_key_* options, nor OSS_ACCESS_KEY_ID or ALIBABA_CLOUD_ACCESS_KEY_ID, nor OIDC "
    "variables, nor ~/.aliyun/config.json or ~/.alibabacloud/credentials";

using ParseProfile = absl::StatusOr<SourceSpec> (*)(const std::string& text,
                                                    const std::string& path,
                                                    const std::string& profile);

// One remote's options and environment while its source is chosen. Copied into the readers.
class Configured {
 public:
  Configured(OptionValues values, Environment variables)
      : values_(std::move(values)), variables_(std::move(variables)) {}

  // The kind that credentials = "auto" stands for.
  absl::StatusOr<std::string> Decide() const;

  // REQUIRES: `kind` is not "auto".
  SourceReader ReaderOf(const std::string& kind) const;

 private:
  SourceReader Files() const;
  SourceReader FromEnvironment() const;
  SourceReader Oidc() const;
  SourceReader ProfileOf(const std::string& path, ParseProfile parse) const;
  SourceReader Profile() const { return ProfileOf(IniPath(), ReadIniProfile); }
  SourceReader CliProfile() const { return ProfileOf(CliPath(), ReadCliProfile); }
  SourceReader Ecs() const;

  std::string OptionOr(const std::string& option, const std::string& variable) const {
    const std::string given = ValueOf(values_, option);
    return given.empty() ? variables_(variable) : given;
  }

  // Empty where there is neither a file named nor a home directory.
  std::string ProfilePath(const std::string& variable, const std::string& below_home) const;
  std::string IniPath() const {
    return ProfilePath("ALIBABA_CLOUD_CREDENTIALS_FILE", "/.alibabacloud/credentials");
  }
  std::string CliPath() const {
    return ProfilePath("ALIBABA_CLOUD_CONFIG_FILE", "/.aliyun/config.json");
  }

  OptionValues values_;
  Environment variables_;
};

bool Exists(const std::string& path) { return !path.empty() && access(path.c_str(), F_OK) == 0; }

absl::StatusOr<SourceSpec> SpecOf(absl::StatusOr<Credentials> credentials) {
  PENSTOCK_RETURN_IF_ERROR(credentials.status());
  return SourceSpec{*std::move(credentials), {}};
}

SourceReader Configured::Files() const {
  return [values = values_] { return SpecOf(ReadConfiguredFiles(values)); };
}

SourceReader Configured::FromEnvironment() const {
  return [variables = variables_] { return SpecOf(ReadEnvironment(variables)); };
}

SourceReader Configured::Oidc() const {
  return [*this]() -> absl::StatusOr<SourceSpec> {
    OidcRole oidc;
    PENSTOCK_ASSIGN_OR_RETURN(oidc.role, ConfiguredRole(values_, variables_));
    oidc.role.external_id.clear();  // of the role to assume afterwards, if any
    oidc.role.arn = OptionOr("oidc_role_arn", "ALIBABA_CLOUD_ROLE_ARN");
    oidc.provider_arn = OptionOr("oidc_provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    const std::string file = OptionOr("oidc_token_file", "ALIBABA_CLOUD_OIDC_TOKEN_FILE");
    if (oidc.role.arn.empty()) {
      return OptionError("oidc_role_arn", "or ALIBABA_CLOUD_ROLE_ARN must be given");
    }
    if (oidc.provider_arn.empty()) {
      return OptionError("oidc_provider_arn", "or ALIBABA_CLOUD_OIDC_PROVIDER_ARN must be given");
    }
    if (file.empty()) {
      return OptionError("oidc_token_file", "or ALIBABA_CLOUD_OIDC_TOKEN_FILE must be given");
    }
    PENSTOCK_ASSIGN_OR_RETURN(oidc.token, ReadSecretFile("oidc_token_file", file));
    return SourceSpec{std::move(oidc), {}};
  };
}

std::string Configured::ProfilePath(const std::string& variable,
                                    const std::string& below_home) const {
  const std::string path = OptionOr("credentials_file", variable);
  if (!path.empty()) return path;
  const std::string home = variables_("HOME");
  return home.empty() ? "" : home + below_home;
}

SourceReader Configured::ProfileOf(const std::string& path, ParseProfile parse) const {
  return [path, parse,
          profile = OptionOr("profile", "ALIBABA_CLOUD_PROFILE")]() -> absl::StatusOr<SourceSpec> {
    if (path.empty()) {
      return OptionError("credentials_file", "is not given, and the environment has no HOME");
    }
    PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadFile("credentials_file", path));
    return parse(text, path, profile);
  };
}

SourceReader Configured::Ecs() const {
  return [*this]() -> absl::StatusOr<SourceSpec> {
    if (IsTrue(variables_, "ALIBABA_CLOUD_ECS_METADATA_DISABLED")) {
      return OptionError("credentials",
                         "would come from the ECS metadata service, and "
                         "ALIBABA_CLOUD_ECS_METADATA_DISABLED is set");
    }
    const std::string role = OptionOr("ram_role_name", "ALIBABA_CLOUD_ECS_METADATA");
    if (!role.empty() && !IsRoleName(role)) {
      return OptionError("ram_role_name", "is not the name of a RAM role");
    }
    return SourceSpec{EcsRamRole{role}, {}};
  };
}

absl::StatusOr<std::string> Configured::Decide() const {
  for (const char* option :
       {kAccessKeyId, kAccessKeyIdFile, kAccessKeySecretFile, kSecurityTokenFile}) {
    if (ValueOf(values_, option).empty()) continue;
    PENSTOCK_RETURN_IF_ERROR(CheckOptionsOfKind(values_, kFiles));
    return kFiles;
  }
  if (!ValueOf(values_, "credentials_file").empty()) {
    return OptionError("credentials_file",
                       "needs credentials = \"profile\" or \"cli_profile\" beside it");
  }
  if (EnvironmentHasCredentials(variables_)) return kEnvironment;
  if (!OptionOr("oidc_role_arn", "ALIBABA_CLOUD_ROLE_ARN").empty() &&
      !OptionOr("oidc_provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN").empty() &&
      !OptionOr("oidc_token_file", "ALIBABA_CLOUD_OIDC_TOKEN_FILE").empty()) {
    return kOidc;
  }
  const bool ini = Exists(IniPath());
  if (Exists(CliPath()) && !IsTrue(variables_, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED")) {
    // A name that only the other file knows is found there.
    if (!ini || CliProfile()().ok()) return kCliProfile;
  }
  return ini ? kProfile : kEcsRamRole;
}

SourceReader Configured::ReaderOf(const std::string& kind) const {
  if (kind == kFiles) return Files();
  if (kind == kEnvironment) return FromEnvironment();
  if (kind == kOidc) return Oidc();
  if (kind == kCliProfile) return CliProfile();
  if (kind == kProfile) return Profile();
  return Ecs();
}

// What `read` says, and then the role of the option.
SourceReader WithRole(SourceReader read, RamRole role) {
  return [read = std::move(read), role = std::move(role)]() -> absl::StatusOr<SourceSpec> {
    PENSTOCK_ASSIGN_OR_RETURN(SourceSpec spec, read());
    spec.roles.push_back(role);
    return spec;
  };
}

absl::StatusOr<FetcherSettings> Settings(const OptionValues& values, const Environment& variables,
                                         const std::string& remedy) {
  FetcherSettings settings;
  if (const std::string given = ValueOf(values, "metadata_endpoint"); !given.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(settings.metadata.url,
                              ServiceUrl("metadata_endpoint", given, "http"));
  }
  settings.metadata.plain_allowed = !IsTrue(variables, "ALIBABA_CLOUD_IMDSV1_DISABLED");
  PENSTOCK_ASSIGN_OR_RETURN(settings.sts_url, StsUrl(values, variables));
  settings.remedy = remedy;
  return settings;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CredentialCache>> MakeCredentials(
    const OptionValues& values, const Environment& variables,
    const BackendEnvironment& environment) {
  const Configured configured(values, variables);
  PENSTOCK_ASSIGN_OR_RETURN(std::string kind, CredentialKind(values));
  std::string remedy;
  if (kind == kAuto) {
    PENSTOCK_ASSIGN_OR_RETURN(kind, configured.Decide());
    if (kind == kEcsRamRole) remedy = kChosenByDefault;
  }
  SourceReader read = configured.ReaderOf(kind);
  PENSTOCK_ASSIGN_OR_RETURN(const RamRole role, ConfiguredRole(values, variables));
  if (!role.arn.empty()) read = WithRole(std::move(read), role);
  PENSTOCK_ASSIGN_OR_RETURN(FetcherSettings settings, Settings(values, variables, remedy));
  PENSTOCK_ASSIGN_OR_RETURN(const SourceSpec spec, read());
  log::Info("credentials chosen", {{"kind", kind}, {"role_arn", role.arn}});
  std::optional<IssuedCredentials> initial;
  if (const auto* fixed = std::get_if<Credentials>(&spec.origin);
      fixed != nullptr && spec.roles.empty()) {
    initial = IssuedCredentials{*fixed, absl::InfiniteFuture()};
  }
  return std::make_unique<CredentialCache>(
      std::make_unique<CredentialFetcher>(std::move(read), std::move(settings), environment),
      std::move(initial), environment);
}

}  // namespace penstock::oss
