#include "tests/conformance/oss_harness.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "plugin/oss/oss.h"

namespace penstock {

using testing_support::ChildProcess;

OssHarness::OssHarness(const OptionValues& options) : executor_(MakeThreadPool(4)) {
  BackendEnvironment environment;
  environment.http = &http_;
  environment.executor = executor_.get();
  environment.blocking = executor_.get();
  environment.clock = &SystemClock();
  environment.random = &SecureRandom();
  Registry registry;
  registry.Add(OssBackendInfo());
  backend_ = registry.Create("oss", options, environment).value();
}

Emulator::Emulator(const std::string& bucket, const std::vector<std::string>& flags) {
  testing_support::WriteFile(secret_file(), secret_);
  std::filesystem::create_directory(directory_.File("data"));
  std::vector<std::string> arguments = {
      OSS_EMULATOR_PATH, "--listen", "127.0.0.1:0",     "--data",       directory_.File("data"),
      "--bucket",        bucket,     "--access-key-id", access_key_id_, "--access-key-secret-file",
      secret_file(),     "--region", "cn-hangzhou"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  process_ = ChildProcess::Start(arguments).value();
  url_ = process_->ReadLine().value();
}

OptionValues Emulator::Options(OptionValues more) const {
  more.insert({{"endpoint", url_},
               {"region", "cn-hangzhou"},
               {"access_key_id", access_key_id_},
               {"access_key_secret_file", secret_file()}});
  return more;
}

int Emulator::port() const {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(url_.substr(url_.rfind(':') + 1), &port)) << url_;
  return port;
}

absl::StatusOr<LiveSettings> LiveSettings::Read(
    const std::function<std::string(const std::string&)>& environment) {
  std::vector<std::string> missing;
  for (const char* name : {"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "PENSTOCK_LIVE_BUCKET",
                           "PENSTOCK_LIVE_REGION"}) {
    if (environment(name).empty()) missing.push_back(name);
  }
  if (!missing.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the live test is skipped: the environment has no ", absl::StrJoin(missing, ", ")));
  }
  LiveSettings settings;
  settings.bucket = environment("PENSTOCK_LIVE_BUCKET");
  settings.options["region"] = environment("PENSTOCK_LIVE_REGION");
  const std::string endpoint = environment("PENSTOCK_LIVE_ENDPOINT");
  if (!endpoint.empty()) settings.options["endpoint"] = endpoint;
  return settings;
}

LiveHarness::LiveHarness(const LiveSettings& settings)
    : OssHarness(settings.options),
      bucket_(settings.bucket),
      missing_bucket_(absl::StrCat("penstock-none-", ToHex(SecureRandom().Bytes(8)))),
      prefix_(absl::StrCat("penstock-live-test/", ToHex(SecureRandom().Bytes(8)), "/")) {}

void LiveHarness::Remember(const ObjectName& object) {
  // Names that are refused are not sent anywhere.
  if (!backend().CheckObject(object, {}).ok()) return;
  if (std::find(objects_.begin(), objects_.end(), object) != objects_.end()) return;
  objects_.push_back(object);
}

void LiveHarness::CleanUp() {
  for (const ObjectName& object : objects_) {
    const absl::Status deleted = Delete(object);
    EXPECT_TRUE(deleted.ok()) << bucket_ << " keeps " << object.key << ": " << deleted;
  }
  std::string page;
  do {
    const absl::StatusOr<ListedUploads> uploads = ListUploads(bucket_, prefix_, page);
    ASSERT_TRUE(uploads.ok()) << bucket_ << " may keep uploads under " << prefix_ << ": "
                              << uploads.status();
    for (const ListedUpload& upload : uploads->uploads) {
      const absl::Status aborted = Abort({bucket_, upload.key}, upload.upload_id);
      EXPECT_TRUE(aborted.ok()) << bucket_ << " keeps an upload of " << upload.key << ": "
                                << aborted;
    }
    page = uploads->next_page;
  } while (!page.empty());
}

}  // namespace penstock
