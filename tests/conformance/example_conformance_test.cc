// The worked example of plugin/README.md does what every backend must do, in as few lines as that
// says.

#include <fstream>
#include <memory>
#include <regex>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "plugin/example/memory_backend.h"
#include "plugin/registry.h"
#include "tests/conformance/backend_suite.h"

namespace penstock {
namespace {

class ExampleHarness final : public BackendHarness {
 public:
  ExampleHarness() : executor_(MakeThreadPool(4)) {
    Registry registry;
    registry.Add(MemoryBackendInfo());
    BackendEnvironment environment;
    environment.executor = executor_.get();
    environment.clock = &SystemClock();
    environment.random = &SecureRandom();
    backend_ = registry.Create("memory", {{"bucket", bucket()}}, environment).value();
  }

  Backend& backend() override { return *backend_; }
  bool can_read() const override { return false; }
  std::string ReadObject(const ObjectName&) override { return ""; }

 private:
  const std::unique_ptr<Executor> executor_;  // goes after the backend
  std::unique_ptr<Backend> backend_;
};

INSTANTIATE_TEST_SUITE_P(Backends, BackendConformanceTest,
                         testing::Values(BackendUnderTest{
                             "Example", [] { return std::make_unique<ExampleHarness>(); }, ""}),
                         [](const auto& info) { return info.param.name; });

TEST(ExampleTest, ExampleHasFewerThan200LinesOfCode) {
  std::ifstream file(EXAMPLE_SOURCE);
  const std::regex nothing("\\s*(//.*)?");
  int lines = 0;
  for (std::string line; std::getline(file, line);)
    lines += std::regex_match(line, nothing) ? 0 : 1;
  EXPECT_GT(lines, 100);
  EXPECT_LT(lines, 200);
}

}  // namespace
}  // namespace penstock
