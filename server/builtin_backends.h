#ifndef PENSTOCK_SERVER_BUILTIN_BACKENDS_H_
#define PENSTOCK_SERVER_BUILTIN_BACKENDS_H_

#include "plugin/registry.h"

namespace penstock {

// The kinds of backend that penstockd is built with. A new backend is added here, and nowhere else.
const Registry& BuiltinBackends();

}  // namespace penstock

#endif  // PENSTOCK_SERVER_BUILTIN_BACKENDS_H_
