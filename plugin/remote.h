#ifndef PENSTOCK_PLUGIN_REMOTE_H_
#define PENSTOCK_PLUGIN_REMOTE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plugin/backend.h"
#include "plugin/object_rules.h"
#include "plugin/registry.h"

namespace penstock {

// A configured remote and what is known of it. Backend and kind outlive whoever has this.
struct Remote {
  Backend* backend = nullptr;
  const BackendInfo* kind = nullptr;
  RemoteRestriction restriction;
};

// The remotes of a server, by name.
using Remotes = std::map<std::string, Remote>;

// INVALID_ARGUMENT / UNKNOWN_REMOTE.
absl::Status UnknownRemote(const std::string& name);

// The remote of that name, as long as `remotes` live; UnknownRemote where there is none.
absl::StatusOr<const Remote*> FindRemote(const Remotes& remotes, const std::string& name);

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_REMOTE_H_
