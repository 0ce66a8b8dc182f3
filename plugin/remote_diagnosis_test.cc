#include "plugin/remote_diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/await.h"
#include "base/error.h"
#include "plugin/local/local_fixture.h"
#include "tests/support/faulty_backend.h"

namespace penstock {
namespace {

using local::LocalBackend;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::BackendCall;
using testing_support::Fault;
using testing_support::FaultyBackend;
using Checks = std::map<std::string, RemoteCheck>;

absl::Status Denied() {
  return MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied, "you may not");
}

class RemoteDiagnosisTest : public local::LocalFixture {
 protected:
  static constexpr int kMany = 10;

  RemoteDiagnosisTest() {
    std::filesystem::create_directories(Path("bucket"));
    faulty_ = std::make_unique<FaultyBackend>(LocalBackend::Open(settings_, environment_).value(),
                                              *executor_);
    kind_.name = "local";
  }

  // Every call of this kind fails from now on.
  void Fail(BackendCall call, const absl::Status& answer) {
    for (int i = 1; i <= kMany; ++i) faulty_->Arm({call, i, Fault::Moment::kBefore, answer});
  }

  Checks Run(const Clock& clock) {
    Checks checks;
    RemoteDiagnosis diagnosis(*faulty_, kind_, clock, SecureRandom());
    const absl::Status status = diagnosis.Run(
        "bucket", "prefix/",
        {[&](const RemoteCheck& check) {
           EXPECT_EQ(check.bucket, "bucket");
           EXPECT_TRUE(checks.emplace(check.name, check).second) << check.name << " came twice";
         },
         [&] { return stop_after_ >= 0 && std::ssize(checks) >= stop_after_; }});
    EXPECT_TRUE(status.ok()) << status;
    return checks;
  }
  Checks Run() { return Run(clock_); }

  static std::vector<std::string> Named(const Checks& checks, CheckOutcome outcome) {
    std::vector<std::string> names;
    for (const auto& [name, check] : checks) {
      if (check.outcome == outcome) names.push_back(name);
    }
    return names;
  }
  static std::vector<std::string> Failed(const Checks& checks) {
    return Named(checks, CheckOutcome::kFailed);
  }

  // Keys and uploads that are still there.
  std::vector<std::string> Left() {
    faulty_->Disarm();
    std::vector<std::string> left = FilesBeneath("bucket");
    const auto uploads = Await<ListedUploads>(
        [this](auto done) { faulty_->ListUploads("bucket", "", "", std::move(done)); });
    EXPECT_TRUE(uploads.ok()) << uploads.status();
    for (const ListedUpload& upload : uploads->uploads) left.push_back(upload.key);
    return left;
  }

  std::unique_ptr<FaultyBackend> faulty_;
  BackendInfo kind_;
  int stop_after_ = -1;  // checks; negative: never
};

TEST_F(RemoteDiagnosisTest, GoodRemotePassesEveryCheckAndKeepsNothing) {
  const Checks checks = Run();
  EXPECT_THAT(Failed(checks), IsEmpty());
  EXPECT_THAT(Named(checks, CheckOutcome::kSkipped), ElementsAre("credentials", "region"))
      << "a folder has neither";
  EXPECT_EQ(checks.size(), 16u);
  EXPECT_THAT(checks.at("put_object").message, HasSubstr("\"prefix/penstock-doctor-"));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RemoteDiagnosisTest, KindWithCredentialsAndRegionIsToldThatTheyAreInOrder) {
  kind_.explain = ExplainByReason;
  EXPECT_THAT(Named(Run(), CheckOutcome::kSkipped), IsEmpty());
}

TEST_F(RemoteDiagnosisTest, EveryDeniedOperationIsToldByNameWithItsRemedy) {
  struct Case {
    BackendCall call;
    std::vector<std::string> failed;  // of the operations
  };
  const Case cases[] = {
      {BackendCall::kListUploads, {"list_uploads"}},
      {BackendCall::kSendPut, {"put_object"}},
      {BackendCall::kStat, {"stat_object"}},
      {BackendCall::kInitiateUpload, {"initiate_upload"}},
      {BackendCall::kUploadPart, {"upload_part"}},
      {BackendCall::kListParts, {"list_parts"}},
      {BackendCall::kCompleteUpload, {"complete_upload"}},
      {BackendCall::kAbortUpload, {"abort_upload", "cleanup"}},
      {BackendCall::kDelete, {"cleanup", "delete_object"}},
  };
  kind_.explain = [](const std::string& operation, const absl::Status& error) {
    EXPECT_EQ(ErrorReason(error), kReasonDenied);
    return Explanation{Blame::kOperation, true, "allow " + operation};
  };
  for (const Case& c : cases) {
    faulty_->Disarm();
    Fail(c.call, Denied());
    const Checks checks = Run();
    EXPECT_EQ(Failed(checks), c.failed);
    for (const std::string& name : c.failed) {
      EXPECT_EQ(checks.at(name).reason, kReasonDenied);
      EXPECT_THAT(checks.at(name).message, HasSubstr("you may not"));
      if (name != "cleanup") {
        EXPECT_EQ(checks.at(name).remedy, "allow " + name);
      }
    }
    EXPECT_EQ(checks.size(), 16u) << "what was not made is told, too";
  }
}

TEST_F(RemoteDiagnosisTest, WhatIsInTheWayIsNamed) {
  Fail(BackendCall::kUploadPart, Denied());
  const Checks checks = Run();
  EXPECT_THAT(Failed(checks), ElementsAre("upload_part"));
  EXPECT_EQ(checks.at("complete_upload").outcome, CheckOutcome::kSkipped);
  EXPECT_THAT(checks.at("complete_upload").message, HasSubstr("upload_part failed"));
  EXPECT_EQ(checks.at("delete_object").outcome, CheckOutcome::kOk);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RemoteDiagnosisTest, WhatTheFirstAnswerBlamesEndsTheChecks) {
  struct Case {
    Blame blame;
    const char* failed;
    std::vector<std::string> ok;
  };
  const Case cases[] = {
      {Blame::kEndpoint, "endpoint", {"cleanup"}},
      {Blame::kClock, "clock", {"cleanup", "endpoint"}},
      {Blame::kCredentials, "credentials", {"cleanup", "endpoint"}},
      {Blame::kRegion, "region", {"cleanup", "endpoint"}},
      {Blame::kBucket, "bucket", {"cleanup", "endpoint"}},
  };
  for (const Case& c : cases) {
    faulty_->Disarm();
    Fail(BackendCall::kListUploads, Denied());
    kind_.explain = [&c](const std::string&, const absl::Status&) {
      return Explanation{c.blame, true, "mend it"};
    };
    const int puts = faulty_->calls(BackendCall::kPreparePut);
    const Checks checks = Run();
    EXPECT_THAT(Failed(checks), ElementsAre(c.failed));
    EXPECT_EQ(checks.at(c.failed).remedy, "mend it");
    EXPECT_EQ(Named(checks, CheckOutcome::kOk), c.ok);
    EXPECT_THAT(checks.at("put_object").message, HasSubstr(std::string(c.failed) + " failed"));
    EXPECT_EQ(faulty_->calls(BackendCall::kPreparePut), puts) << "nothing else is tried";
  }
}

TEST_F(RemoteDiagnosisTest, AnswerThatTellsNothingProvesNothing) {
  kind_.explain = ExplainByReason;
  Fail(BackendCall::kListUploads,
       MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable, "down", {}, absl::Seconds(1)));
  const Checks checks = Run();
  EXPECT_THAT(Failed(checks), ElementsAre("list_uploads"));
  for (const char* name : {"endpoint", "credentials", "region", "bucket"}) {
    EXPECT_EQ(checks.at(name).outcome, CheckOutcome::kSkipped) << name;
  }
  EXPECT_EQ(checks.at("put_object").outcome, CheckOutcome::kOk) << "the rest is tried all the same";
}

TEST_F(RemoteDiagnosisTest, MissingBucketIsTold) {
  std::filesystem::remove(Path("bucket"));
  const Checks checks = Run();
  EXPECT_THAT(Failed(checks), ElementsAre("bucket"));
  EXPECT_EQ(checks.at("bucket").reason, kReasonNoSuchBucket);
  EXPECT_EQ(checks.at("endpoint").outcome, CheckOutcome::kOk);
}

TEST_F(RemoteDiagnosisTest, ClockThatIsOffIsToldWithItsSeconds) {
  local::ManualClock ours;
  ours.Advance(kMaxClockSkew);
  EXPECT_THAT(Failed(Run(ours)), IsEmpty());
  ours.Advance(absl::Seconds(1));
  Checks checks = Run(ours);
  EXPECT_THAT(Failed(checks), ElementsAre("clock"));
  EXPECT_THAT(checks.at("clock").message, HasSubstr("61 s behind"));
  ours.Advance(-2 * (kMaxClockSkew + absl::Seconds(1)));
  checks = Run(ours);
  EXPECT_THAT(Failed(checks), ElementsAre("clock"));
  EXPECT_THAT(checks.at("clock").message, HasSubstr("61 s ahead"));
}

// An answer that is lost leaves what nobody knows of: it is looked for.
TEST_F(RemoteDiagnosisTest, NothingIsLeftBehindWhicheverCallFailsOnce) {
  const BackendCall calls[] = {BackendCall::kInitiateUpload, BackendCall::kUploadPart,
                               BackendCall::kCompleteUpload, BackendCall::kAbortUpload,
                               BackendCall::kListParts,      BackendCall::kListUploads,
                               BackendCall::kPreparePut,     BackendCall::kSendPut,
                               BackendCall::kStat,           BackendCall::kDelete};
  const absl::Status down =
      MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable, "down", {}, absl::Seconds(1));
  for (const BackendCall call : calls) {
    for (const int number : {1, 2}) {
      for (const auto moment : {Fault::Moment::kBefore, Fault::Moment::kAfter}) {
        faulty_->Disarm();
        faulty_->Arm({call, number, moment, down});
        const Checks checks = Run();
        EXPECT_EQ(checks.at("cleanup").outcome, CheckOutcome::kOk)
            << static_cast<int>(call) << " " << number << " " << checks.at("cleanup").message;
        EXPECT_THAT(Left(), IsEmpty()) << static_cast<int>(call) << " " << number;
      }
    }
  }
}

TEST_F(RemoteDiagnosisTest, WhatCannotBeRemovedIsNamed) {
  Fail(BackendCall::kDelete, Denied());
  Fail(BackendCall::kAbortUpload, Denied());
  const Checks checks = Run();
  const RemoteCheck& cleanup = checks.at("cleanup");
  EXPECT_EQ(cleanup.outcome, CheckOutcome::kFailed);
  EXPECT_THAT(cleanup.message, AllOf(HasSubstr("the multipart upload "),
                                     HasSubstr("the object \"prefix/penstock-doctor-")));
  EXPECT_THAT(Left(), testing::SizeIs(2));
}

TEST_F(RemoteDiagnosisTest, DiagnosisThatIsStoppedStillCleansUp) {
  for (stop_after_ = 0; stop_after_ <= 15; ++stop_after_) {
    const Checks checks = Run();
    EXPECT_EQ(std::ssize(checks), stop_after_) << "nobody listens any more";
    EXPECT_THAT(Left(), IsEmpty()) << stop_after_;
  }
}

TEST_F(RemoteDiagnosisTest, NameThatTheRemoteRefusesIsAnError) {
  RemoteDiagnosis diagnosis(*faulty_, kind_, clock_, SecureRandom());
  const RemoteDiagnosis::Hooks hooks = {
      [](const RemoteCheck& check) { ADD_FAILURE() << check.name; }, [] { return false; }};
  EXPECT_EQ(ErrorReason(diagnosis.Run("No", "", hooks)), "BAD_BUCKET");
  EXPECT_EQ(ErrorReason(diagnosis.Run("bucket", std::string(1000, 'x'), hooks)), "BAD_KEY");
}

}  // namespace
}  // namespace penstock
