#include "tests/support/faulty_backend.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "plugin/local/local.h"
#include "plugin/registry.h"
#include "tests/support/backend_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock::testing_support {
namespace {

using Moment = Fault::Moment;

class FaultyBackendTest : public testing::Test, protected BackendCalls {
 protected:
  FaultyBackendTest() : executor_(MakeThreadPool(2)) {
    std::filesystem::create_directory(directory_.File(object_.bucket));
    Registry registry;
    registry.Add(LocalBackendInfo());
    BackendEnvironment environment;
    environment.blocking = executor_.get();
    environment.clock = &SystemClock();
    environment.random = &SecureRandom();
    faulty_ = std::make_unique<FaultyBackend>(
        registry.Create("local", {{"root", directory_.path()}}, environment).value(), *executor_);
  }

  Backend& backend() override { return *faulty_; }

  void Arm(std::optional<BackendCall> call, Moment moment, int number = 1) {
    faulty_->Arm({call, number, moment,
                  MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable, "armed")});
  }

  const ObjectName object_ = {"bucket", "key"};
  TempDir directory_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<FaultyBackend> faulty_;
};

TEST_F(FaultyBackendTest, FailsBeforeTheEffect) {
  Arm(BackendCall::kSendPut, Moment::kBefore);
  EXPECT_EQ(ErrorReason(Put(object_, "x").status()), kReasonUnavailable);
  EXPECT_EQ(ErrorReason(Stat(object_).status()), kReasonNoSuchObject);
  EXPECT_EQ(faulty_->armed(), 0);
  EXPECT_TRUE(Put(object_, "x").ok());
}

TEST_F(FaultyBackendTest, FailsAfterTheEffect) {
  Arm(BackendCall::kSendPut, Moment::kAfter);
  EXPECT_EQ(ErrorReason(Put(object_, "x").status()), kReasonUnavailable);
  EXPECT_EQ(Stat(object_).value().size, 1);
}

TEST_F(FaultyBackendTest, EveryCallCanFailAtEitherMoment) {
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    const std::string id = Initiate(object_).value();
    const auto fails = [&](BackendCall call, auto make) {
      const int before = faulty_->calls(call);
      Arm(call, moment);
      EXPECT_EQ(ErrorReason(make()), kReasonUnavailable) << static_cast<int>(call);
      EXPECT_EQ(faulty_->calls(call), before + 1);
    };
    fails(BackendCall::kInitiateUpload, [&] { return Initiate(object_).status(); });
    fails(BackendCall::kUploadPart, [&] { return Upload(object_, id, 1, "x").status(); });
    fails(BackendCall::kListParts, [&] { return ListParts(object_, id).status(); });
    fails(BackendCall::kListUploads, [&] { return ListUploads("bucket", "").status(); });
    fails(BackendCall::kCompleteUpload, [&] {
      return Complete(object_, id, {{1, "\"x\""}}).status();
    });
    fails(BackendCall::kAbortUpload, [&] { return Abort(object_, id); });
    fails(BackendCall::kPreparePut, [&] { return Put(object_, "x").status(); });
    fails(BackendCall::kSendPut, [&] { return Put(object_, "x").status(); });
    fails(BackendCall::kStat, [&] { return Stat(object_).status(); });
    fails(BackendCall::kRead, [&] { return Read(object_, 0, 1).status(); });
    fails(BackendCall::kList, [&] { return List({"bucket", "", "", "", 1}).status(); });
    fails(BackendCall::kCopy, [&] { return Copy(object_, object_).status(); });
    fails(BackendCall::kSetAttributes, [&] { return SetAttributes(object_, {}).status(); });
    fails(BackendCall::kListBuckets, [&] { return ListBuckets().status(); });
    fails(BackendCall::kDelete, [&] { return Delete(object_); });
    fails(BackendCall::kDeleteMany, [&] { return DeleteMany("bucket", {"key"}).status(); });
  }
}

TEST_F(FaultyBackendTest, CountsToTheCallThatFails) {
  Arm(BackendCall::kStat, Moment::kBefore, 2);
  Arm(std::nullopt, Moment::kBefore, 4);
  EXPECT_EQ(ErrorReason(Stat(object_).status()), kReasonNoSuchObject);
  EXPECT_TRUE(Delete(object_).ok());
  EXPECT_EQ(ErrorReason(Stat(object_).status()), kReasonUnavailable);
  EXPECT_FALSE(Delete(object_).ok());
  EXPECT_TRUE(Delete(object_).ok());
}

TEST_F(FaultyBackendTest, DisarmTakesFaultsBack) {
  Arm(std::nullopt, Moment::kBefore);
  faulty_->Disarm();
  EXPECT_TRUE(Put(object_, "x").ok());
}

}  // namespace
}  // namespace penstock::testing_support
