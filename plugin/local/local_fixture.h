#ifndef PENSTOCK_PLUGIN_LOCAL_LOCAL_FIXTURE_H_
#define PENSTOCK_PLUGIN_LOCAL_LOCAL_FIXTURE_H_

// For tests of the local backend: one over a directory, and a look at what lies there.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/random.h"
#include "plugin/local/key_path.h"
#include "plugin/local/local_backend.h"
#include "tests/support/backend_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock::local {

// Stands still until it is moved.
class ManualClock final : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    return now_;
  }

  void Advance(absl::Duration duration) {
    MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable Mutex mutex_;  // guards what follows
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'000);
};

// For tests of many calls: in memory where that is possible, where syncs cost nothing. A base of
// the fixture, before LocalFixture, which takes its path.
struct FastDirectory {
  testing_support::TempDir fast{std::filesystem::exists("/dev/shm") ? "/dev/shm" : ""};
};

class LocalFixture : public testing::Test, protected testing_support::BackendCalls {
 protected:
  explicit LocalFixture(std::string root = "") : executor_(MakeThreadPool(4)) {
    settings_.root = root.empty() ? directory_.path() : root;
    environment_.blocking = executor_.get();
    environment_.clock = &clock_;
    environment_.random = &SecureRandom();
  }

  // Makes the bucket, and opens the remote over it. Once more: as the next process would.
  void Open() {
    backend_.reset();
    std::filesystem::create_directories(Path("bucket"));
    backend_ = LocalBackend::Open(settings_, environment_).value();
  }

  Backend& backend() override { return *backend_; }

  static ObjectName Name(const std::string& key) { return {"bucket", key}; }
  std::string Path(const std::string& name) const { return settings_.root + "/" + name; }
  std::string ObjectFile(const std::string& key) const { return Path("bucket/" + KeyToPath(key)); }

  // The plain files beneath a path, however deep.
  std::vector<std::string> FilesBeneath(const std::string& name) const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(name))) {
      if (!entry.is_directory()) files.push_back(entry.path());
    }
    return files;
  }

  testing_support::TempDir directory_;
  ManualClock clock_;
  LocalSettings settings_;
  BackendEnvironment environment_;
  std::unique_ptr<Executor> executor_;  // goes after the backend
  std::unique_ptr<LocalBackend> backend_;
};

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_LOCAL_FIXTURE_H_
