#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILES_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILES_H_

// The two files in which Alibaba Cloud's tools keep credentials. Both functions read text that is
// already in memory (the OIDC token file of a profile aside) and answer INVALID_ARGUMENT /
// BAD_REMOTE_OPTION, of the option `profile`, without showing a value of the file that may be a
// secret. `path` is for their messages.

#include <string>

#include "absl/status/statusor.h"
#include "plugin/oss/credentials/fetcher.h"

namespace penstock::oss {

// ~/.alibabacloud/credentials: sections of `key = value`; `type` is access_key, sts, ecs_ram_role,
// ram_role_arn or oidc_role_arn. An empty `profile` is "default".
absl::StatusOr<SourceSpec> ReadIniProfile(const std::string& text, const std::string& path,
                                          const std::string& profile);

// ~/.aliyun/config.json of the `aliyun` command; `mode` is AK, StsToken, RamRoleArn, EcsRamRole,
// OIDC or ChainableRamRoleArn. An empty `profile` is the one that the file calls current.
absl::StatusOr<SourceSpec> ReadCliProfile(const std::string& text, const std::string& path,
                                          const std::string& profile);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILES_H_
