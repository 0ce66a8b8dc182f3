// The oss backend does what every backend must do, against the emulator in a process of its own.

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/http/http_loop.h"
#include "base/random.h"
#include "plugin/oss/oss.h"
#include "plugin/registry.h"
#include "tests/conformance/backend_suite.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using testing_support::ChildProcess;

constexpr char kAccessKeyId[] = "conformance-key-id";

class OssHarness final : public BackendHarness {
 public:
  OssHarness() : executor_(MakeThreadPool(4)) {
    const std::string secret_file = directory_.File("secret");
    testing_support::WriteFile(secret_file, "not-a-secret-but-for-tests");
    std::filesystem::create_directory(directory_.File("data"));
    emulator_ = ChildProcess::Start({OSS_EMULATOR_PATH, "--listen", "127.0.0.1:0", "--data",
                                     directory_.File("data"), "--bucket", bucket(),
                                     "--access-key-id", kAccessKeyId, "--access-key-secret-file",
                                     secret_file, "--region", "cn-hangzhou"})
                    .value();
    BackendEnvironment environment;
    environment.http = &http_;
    environment.executor = executor_.get();
    environment.blocking = executor_.get();
    environment.clock = &SystemClock();
    environment.random = &SecureRandom();
    Registry registry;
    registry.Add(OssBackendInfo());
    backend_ = registry
                   .Create("oss",
                           {{"endpoint", emulator_->ReadLine().value()},
                            {"region", "cn-hangzhou"},
                            {"access_key_id", kAccessKeyId},
                            {"access_key_secret_file", secret_file}},
                           environment)
                   .value();
  }

  Backend& backend() override { return *backend_; }

  // That needs a signed request, which no part of the interface makes: CRC-64 and size must do.
  bool can_read() const override { return false; }
  std::string ReadObject(const ObjectName&) override { return ""; }

 private:
  const testing_support::TempDir directory_;
  std::unique_ptr<ChildProcess> emulator_;
  const std::unique_ptr<Executor> executor_;  // goes after the backend
  HttpLoop http_;                             // so does this
  std::unique_ptr<Backend> backend_;
};

INSTANTIATE_TEST_SUITE_P(Backends, BackendConformanceTest,
                         testing::Values(BackendUnderTest{
                             "Oss", [] { return std::make_unique<OssHarness>(); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock
