#include "server/builtin_backends.h"

#include "plugin/local/local.h"
#include "plugin/oss/oss.h"

namespace penstock {

const Registry& BuiltinBackends() {
  static const Registry* const registry = [] {
    auto* made = new Registry;
    made->Add(LocalBackendInfo());
    made->Add(OssBackendInfo());
    return made;
  }();
  return *registry;
}

}  // namespace penstock
