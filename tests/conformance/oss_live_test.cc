// The oss backend does what every backend must do, against the real service. scripts/test --live
// runs it; without the settings in the environment it is skipped, with a word that ctest looks for.

#include <cstdlib>
#include <memory>

#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

std::string GetEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

BackendUnderTest LiveOss() {
  const absl::StatusOr<LiveSettings> settings = LiveSettings::Read(GetEnvironment);
  if (!settings.ok()) return {"Live", nullptr, std::string(settings.status().message())};
  return {"Live", [settings = *settings] { return std::make_unique<LiveHarness>(settings); }, ""};
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendConformanceTest, testing::Values(LiveOss()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock
