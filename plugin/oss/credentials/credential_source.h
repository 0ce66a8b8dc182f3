#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_SOURCE_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "plugin/oss/credentials/credential_cache.h"
#include "plugin/oss/credentials/local_sources.h"
#include "plugin/registry.h"

namespace penstock::oss {

// The credentials that the options and the environment of a remote ask for. Reads every file and
// variable that is involved for the first time: INVALID_ARGUMENT / BAD_REMOTE_OPTION when one is
// missing or wrong. Asks nothing of the network: what has to come from there is fetched with the
// first request. With credentials = "auto" the kind is decided here, once.
absl::StatusOr<std::unique_ptr<CredentialCache>> MakeCredentials(
    const OptionValues& values, const Environment& variables,
    const BackendEnvironment& environment);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_SOURCE_H_
