#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_LOCAL_SOURCES_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_LOCAL_SOURCES_H_

// Credentials that stand in files and in the environment.

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "plugin/oss/credentials.h"
#include "plugin/registry.h"

namespace penstock::oss {

inline constexpr char kAccessKeyId[] = "access_key_id";
inline constexpr char kAccessKeyIdFile[] = "access_key_id_file";
inline constexpr char kAccessKeySecretFile[] = "access_key_secret_file";
inline constexpr char kSecurityTokenFile[] = "security_token_file";

// The value of an environment variable, empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;

// The one word of printable characters that the file of `option` holds; errors never show it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& option, const std::string& path);

// What the four options above say. INVALID_ARGUMENT / BAD_REMOTE_OPTION names the wrong one.
absl::StatusOr<Credentials> ReadConfiguredFiles(const OptionValues& values);

// True when a variable names an access key, completely or not.
bool EnvironmentHasCredentials(const Environment& environment);

// OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_SESSION_TOKEN; without the first two
// ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN.
// INVALID_ARGUMENT / BAD_REMOTE_OPTION names the variable that is missing or no word.
absl::StatusOr<Credentials> ReadEnvironment(const Environment& environment);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_LOCAL_SOURCES_H_
