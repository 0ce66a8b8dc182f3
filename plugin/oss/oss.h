#ifndef PENSTOCK_PLUGIN_OSS_OSS_H_
#define PENSTOCK_PLUGIN_OSS_OSS_H_

#include "plugin/registry.h"

namespace penstock {

// Alibaba Cloud OSS. Needs all of BackendEnvironment.
BackendInfo OssBackendInfo();

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_OSS_OSS_H_
