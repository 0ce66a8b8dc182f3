#ifndef PENSTOCK_PLUGIN_EXAMPLE_MEMORY_BACKEND_H_
#define PENSTOCK_PLUGIN_EXAMPLE_MEMORY_BACKEND_H_

#include "plugin/registry.h"

namespace penstock {

BackendInfo MemoryBackendInfo();

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_EXAMPLE_MEMORY_BACKEND_H_
