#ifndef PENSTOCK_PLUGIN_LOCAL_LOCAL_H_
#define PENSTOCK_PLUGIN_LOCAL_LOCAL_H_

#include "plugin/registry.h"

namespace penstock {

// The kind of backend that puts objects into a directory tree ("local"). Needs `blocking`, `clock`
// and `random` of the environment.
BackendInfo LocalBackendInfo();

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_LOCAL_LOCAL_H_
