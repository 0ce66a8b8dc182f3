#include "server/fault_points.h"

#include "absl/strings/str_cat.h"
#include "server/session/frames.h"

namespace penstock {

std::vector<std::string> FaultPointNames() {
  std::vector<std::string> names;
  const auto add = [&](const char* name) {
    names.push_back(absl::StrCat(name, ".before"));
    names.push_back(absl::StrCat(name, ".after"));
  };
  for (const char* write : kWriteNames) add(write);
  for (const char* call : kBackendCallNames) add(call);
  for (const char* frame : kServerFrameNames) names.emplace_back(frame);
  return names;
}

}  // namespace penstock
