#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_OPTIONS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_OPTIONS_H_

// The options of a remote that say where its credentials come from.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plugin/oss/credentials/local_sources.h"
#include "plugin/oss/credentials/sts.h"
#include "plugin/registry.h"

namespace penstock::oss {

// Values of the option `credentials`.
inline constexpr char kAuto[] = "auto";
inline constexpr char kFiles[] = "files";
inline constexpr char kEnvironment[] = "environment";
inline constexpr char kOidc[] = "oidc";
inline constexpr char kCliProfile[] = "cli_profile";
inline constexpr char kProfile[] = "profile";
inline constexpr char kEcsRamRole[] = "ecs_ram_role";

std::vector<OptionInfo> CredentialOptions();

// The option `credentials`. INVALID_ARGUMENT / BAD_REMOTE_OPTION when there is no such kind, or
// options of another kind are given.
absl::StatusOr<std::string> CredentialKind(const OptionValues& values);

// The same about the options of another kind than `kind`.
absl::Status CheckOptionsOfKind(const OptionValues& values, const std::string& kind);

// The role of the option `role_arn`, with its session name, external id and duration; its ARN is
// empty when the option is not given.
absl::StatusOr<RamRole> ConfiguredRole(const OptionValues& values, const Environment& environment);

// The address of the service that `option` names, without a slash at its end; `text` is a host
// with or without a port, or a URL without a path.
absl::StatusOr<std::string> ServiceUrl(const std::string& option, const std::string& text,
                                       const std::string& default_scheme);

// Where the STS is: `sts_endpoint`, or what the environment's ALIBABA_CLOUD_STS_REGION and
// ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED say.
absl::StatusOr<std::string> StsUrl(const OptionValues& values, const Environment& environment);

// Whether a variable of the environment says "true", in any case.
bool IsTrue(const Environment& environment, const std::string& name);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_OPTIONS_H_
