// The local backend, bare and behind decorators, does what every backend must do.

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "plugin/local/key_path.h"
#include "plugin/local/local.h"
#include "plugin/registry.h"
#include "tests/conformance/backend_suite.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

// Over a directory of its own.
class LocalHarness : public BackendHarness {
 public:
  explicit LocalHarness(const std::string& parent = "")
      : directory_(parent), executor_(MakeThreadPool(4)) {
    std::filesystem::create_directory(directory_.File(bucket()));
    Registry registry;
    registry.Add(LocalBackendInfo());
    BackendEnvironment environment;
    environment.executor = executor_.get();
    environment.blocking = executor_.get();
    environment.clock = &SystemClock();
    environment.random = &SecureRandom();
    backend_ = registry.Create("local", {{"root", directory_.path()}}, environment).value();
  }

  Backend& backend() override { return *backend_; }

  std::string ReadObject(const ObjectName& object) override {
    return testing_support::ReadFile(
        directory_.File(object.bucket + "/" + local::KeyToPath(object.key)));
  }

 protected:
  const testing_support::TempDir directory_;
  const std::unique_ptr<Executor> executor_;  // goes after the backend
  std::unique_ptr<Backend> backend_;
};

// Without faults. In memory where that is possible: a second kind of file system, and a fast one.
class FaultyLocalHarness final : public LocalHarness {
 public:
  FaultyLocalHarness() : LocalHarness(std::filesystem::exists("/dev/shm") ? "/dev/shm" : "") {
    backend_ = std::make_unique<testing_support::FaultyBackend>(std::move(backend_), *executor_);
  }
};

std::string NameOf(const testing::TestParamInfo<BackendUnderTest>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Backends, BackendConformanceTest,
    testing::Values(BackendUnderTest{"Local", [] { return std::make_unique<LocalHarness>(); }, ""},
                    BackendUnderTest{"FaultyWithoutFaults",
                                     [] { return std::make_unique<FaultyLocalHarness>(); }, ""}),
    NameOf);

}  // namespace
}  // namespace penstock
