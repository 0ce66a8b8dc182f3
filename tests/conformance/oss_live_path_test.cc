// The live test itself: pointed at the emulator it runs and leaves nothing; without settings it
// says that it is skipped.

#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

using testing_support::ChildProcess;

constexpr char kBucket[] = "live-bucket";
constexpr const char* kNames[] = {"OSS_ACCESS_KEY_ID",    "OSS_ACCESS_KEY_SECRET",
                                  "OSS_SESSION_TOKEN",    "PENSTOCK_LIVE_BUCKET",
                                  "PENSTOCK_LIVE_REGION", "PENSTOCK_LIVE_ENDPOINT"};

// What the live test printed, and how it ended.
struct Outcome {
  int status = 0;
  std::string output;
};

Outcome RunLiveTest(const std::vector<std::string>& flags = {}) {
  std::vector<std::string> arguments = {OSS_LIVE_TEST_PATH};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const std::unique_ptr<ChildProcess> process = ChildProcess::Start(arguments).value();
  Outcome run;
  for (auto line = process->ReadLine(absl::Minutes(2)); line.ok();
       line = process->ReadLine(absl::Minutes(2))) {
    absl::StrAppend(&run.output, *line, "\n");
  }
  run.status = process->Wait();
  return run;
}

// What the emulator holds, by its own word.
nlohmann::json StateOf(const Emulator& emulator) {
  HttpLoop http;
  HttpRequest request;
  request.method = "GET";
  request.url = absl::StrCat(emulator.url(), "/-/emulator/state");
  std::promise<absl::StatusOr<HttpResponse>> answer;
  http.Send(std::move(request), [&answer](absl::StatusOr<HttpResponse> response) {
    answer.set_value(std::move(response));
  });
  return nlohmann::json::parse(answer.get_future().get().value().body);
}

class OssLivePathTest : public testing::Test {
 protected:
  OssLivePathTest() {
    for (const char* name : kNames) unsetenv(name);
  }
  ~OssLivePathTest() override {
    for (const char* name : kNames) unsetenv(name);
  }

  static void PointAt(const Emulator& emulator, const std::string& secret) {
    setenv("OSS_ACCESS_KEY_ID", emulator.access_key_id().c_str(), 1);
    setenv("OSS_ACCESS_KEY_SECRET", secret.c_str(), 1);
    setenv("PENSTOCK_LIVE_BUCKET", kBucket, 1);
    setenv("PENSTOCK_LIVE_REGION", "cn-hangzhou", 1);
    setenv("PENSTOCK_LIVE_ENDPOINT", emulator.url().c_str(), 1);
  }
};

TEST_F(OssLivePathTest, RunsTheWholeSuiteAndLeavesNothing) {
  const Emulator emulator(kBucket);
  PointAt(emulator, emulator.secret());
  const Outcome run = RunLiveTest();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_FALSE(absl::StrContains(run.output, "SKIPPED")) << run.output;
  EXPECT_TRUE(absl::StrContains(run.output, "OddKeysAreKeysLikeOthers/Live")) << run.output;
  const nlohmann::json state = StateOf(emulator);
  ASSERT_EQ(state.at("buckets").size(), 1u) << state;
  for (const auto& [name, bucket] : state.at("buckets").items()) {
    EXPECT_EQ(bucket.at("objects"), 0) << bucket;
    EXPECT_TRUE(bucket.at("uploads").empty()) << bucket;
  }
}

TEST_F(OssLivePathTest, FailsWithCredentialsThatAreRefused) {
  const Emulator emulator(kBucket);
  PointAt(emulator, "another-secret");
  const Outcome run = RunLiveTest({"--gtest_filter=*PutStoresAndTells*"});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(absl::StrContains(run.output, "SignatureDoesNotMatch")) << run.output;
  EXPECT_FALSE(absl::StrContains(run.output, "another-secret"));
}

TEST_F(OssLivePathTest, SaysWhatIsMissingWhenItIsSkipped) {
  setenv("OSS_ACCESS_KEY_ID", "id", 1);
  const Outcome run = RunLiveTest();
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(absl::StrContains(run.output,
                                "the live test is skipped: the environment has no "
                                "OSS_ACCESS_KEY_SECRET, PENSTOCK_LIVE_BUCKET, "
                                "PENSTOCK_LIVE_REGION"))
      << run.output;
  EXPECT_FALSE(absl::StrContains(run.output, "       OK ")) << run.output;
}

}  // namespace
}  // namespace penstock
