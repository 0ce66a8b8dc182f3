#ifndef PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_
#define PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_

#include <memory>

#include "plugin/backend.h"
#include "plugin/object_rules.h"
#include "plugin/oss/credentials.h"
#include "plugin/oss/endpoint.h"
#include "plugin/oss/object_policy.h"
#include "plugin/registry.h"

namespace penstock::oss {

// Backend over OSS's REST API. What `environment` points to must outlive it.
std::unique_ptr<Backend> MakeOssBackend(Endpoint endpoint,
                                        std::unique_ptr<CredentialSource> credentials,
                                        RemoteRestriction restriction, ObjectPolicy policy,
                                        const BackendEnvironment& environment);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OSS_BACKEND_H_
