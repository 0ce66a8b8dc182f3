#ifndef PENSTOCK_TESTS_CONFORMANCE_OSS_HARNESS_H_
#define PENSTOCK_TESTS_CONFORMANCE_OSS_HARNESS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/http/http_loop.h"
#include "plugin/registry.h"
#include "tests/conformance/backend_suite.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace penstock {

// An oss backend with all it needs.
class OssHarness : public BackendHarness {
 public:
  explicit OssHarness(const OptionValues& options);

  Backend& backend() override { return *backend_; }

  int32_t parts_per_page() const override { return 1000; }

  // There is no way to the bytes but the backend's own.
  bool can_read() const override { return false; }
  std::string ReadObject(const ObjectName&) override { return ""; }

 private:
  const std::unique_ptr<Executor> executor_;  // goes after the backend
  HttpLoop http_;                             // so does this
  std::unique_ptr<Backend> backend_;
};

// An emulator in a process of its own, with one bucket.
class Emulator {
 public:
  // `flags` are added to those that it needs.
  explicit Emulator(const std::string& bucket, const std::vector<std::string>& flags = {});

  // Of a remote that goes there, with `more` besides.
  OptionValues Options(OptionValues more = {}) const;

  const std::string& url() const { return url_; }
  int port() const;
  const std::string& access_key_id() const { return access_key_id_; }
  const std::string& secret() const { return secret_; }
  std::string secret_file() const { return directory_.File("secret"); }

 private:
  const testing_support::TempDir directory_;
  const std::string access_key_id_ = "conformance-key-id";
  const std::string secret_ = "not-a-secret-but-for-tests";
  std::unique_ptr<testing_support::ChildProcess> process_;
  std::string url_;
};

// What the live test runs against.
struct LiveSettings {
  std::string bucket;
  OptionValues options;  // of the remote; its credentials are those of the environment

  // Of OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, PENSTOCK_LIVE_BUCKET, PENSTOCK_LIVE_REGION and
  // PENSTOCK_LIVE_ENDPOINT; FAILED_PRECONDITION names those that are missing.
  static absl::StatusOr<LiveSettings> Read(
      const std::function<std::string(const std::string&)>& environment);
};

// A bucket of the real service, under a prefix of its own. After a test nothing is left under it.
class LiveHarness final : public OssHarness, protected testing_support::BackendCalls {
 public:
  explicit LiveHarness(const LiveSettings& settings);

  Backend& backend() override { return OssHarness::backend(); }
  std::string bucket() const override { return bucket_; }
  std::string missing_bucket() const override { return missing_bucket_; }
  std::string key_prefix() const override { return prefix_; }
  void Remember(const ObjectName& object) override;
  void CleanUp() override;

 private:
  const std::string bucket_;
  const std::string missing_bucket_;
  const std::string prefix_;
  std::vector<ObjectName> objects_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_CONFORMANCE_OSS_HARNESS_H_
