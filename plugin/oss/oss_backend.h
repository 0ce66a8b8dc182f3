#ifndef PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_
#define PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_

#include <memory>

#include "plugin/backend.h"
#include "plugin/object_rules.h"
#include "plugin/oss/client_options.h"
#include "plugin/oss/credentials/credential_cache.h"
#include "plugin/oss/object_policy.h"
#include "plugin/registry.h"

namespace penstock::oss {

// Backend over OSS's REST API. What `environment` points to must outlive it.
std::unique_ptr<Backend> MakeOssBackend(ClientOptions client_options,
                                        std::unique_ptr<CredentialCache> credentials,
                                        RemoteRestriction restriction, ObjectPolicy policy,
                                        const BackendEnvironment& environment);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_
