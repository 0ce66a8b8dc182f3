#ifndef PENSTOCK_SERVER_BACKEND_HELP_H_
#define PENSTOCK_SERVER_BACKEND_HELP_H_

#include <string>

#include "absl/status/statusor.h"
#include "plugin/registry.h"

namespace penstock {

// What `penstockd backends` prints, for people: the kinds of backend by name, or with `name` that
// one and every option of it. NOT_FOUND / UNKNOWN_BACKEND tells which there are.
absl::StatusOr<std::string> DescribeBackends(const Registry& registry, const std::string& name);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_BACKEND_HELP_H_
