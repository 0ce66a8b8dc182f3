#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_METADATA_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_METADATA_H_

#include <string>

#include "plugin/oss/credentials/credential_http.h"
#include "plugin/oss/credentials/provider.h"

namespace penstock::oss {

// How to talk to the metadata service of an ECS instance.
struct MetadataSettings {
  std::string url = "http://100.100.100.200";  // without a path
  bool plain_allowed = true;                   // go on without a token where none is given
};

// Whether `name` may be the name of a RAM role: it goes into a path.
bool IsRoleName(const std::string& name);

// Fetches the credentials of the RAM role that is attached to this instance: with a token
// (hardened mode), or where none is to be had, and that is allowed, without. An empty `role_name`
// is asked for. Errors as CredentialProvider::Fetch. `http` must outlive the call.
void FetchFromMetadata(CredentialHttp& http, const MetadataSettings& settings,
                       const std::string& role_name, Done<IssuedCredentials> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_METADATA_H_
