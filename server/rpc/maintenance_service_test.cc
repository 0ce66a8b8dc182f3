#include <gmock/gmock.h>

#include <functional>

#include "base/notification.h"
#include "penstock/v1/maintenance.grpc.pb.h"
#include "server/rpc/rpc_test_util.h"

namespace penstock {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Code = absl::StatusCode;

// A call that is read answer by answer.
template <typename Response>
class Stream {
 public:
  using Reader = std::unique_ptr<grpc::ClientReader<Response>>;
  explicit Stream(const std::function<Reader(grpc::ClientContext*)>& begin)
      : reader_(begin(&context_)) {}

  bool Read(Response& response) { return reader_->Read(&response); }
  void Cancel() { context_.TryCancel(); }
  absl::Status Finish() {
    Response response;
    while (reader_->Read(&response)) answers_.push_back(response);
    return FromGrpc(reader_->Finish());
  }
  const std::vector<Response>& answers() const { return answers_; }

 private:
  grpc::ClientContext context_;
  Reader reader_;
  std::vector<Response> answers_;
};

class MaintenanceServiceTest : public ServedTest {
 protected:
  using Garbage = Stream<v1::CollectGarbageResponse>;
  using Checks = Stream<v1::DiagnoseRemoteResponse>;

  MaintenanceServiceTest() : stub_of_maintenance_(v1::MaintenanceService::NewStub(channel_)) {
    request_.set_remote(kTestRemote);
    request_.set_bucket("bucket");
    backend_.SetUploadAge(absl::Hours(8 * 24));
  }

  Garbage Collect() {
    return Garbage([this](grpc::ClientContext* context) {
      return stub_of_maintenance_->CollectGarbage(context, request_);
    });
  }
  Checks Diagnose(const std::string& remote = kTestRemote, const std::string& bucket = "bucket") {
    v1::DiagnoseRemoteRequest request;
    request.set_remote(remote);
    request.set_bucket(bucket);
    return Checks([this, request](grpc::ClientContext* context) {
      return stub_of_maintenance_->DiagnoseRemote(context, request);
    });
  }

  std::string Orphan(const std::string& key) {
    std::string id;
    Notification initiated;
    backend_.InitiateUpload({"bucket", key}, {}, "mark", [&](absl::StatusOr<std::string> answer) {
      id = answer.value();
      initiated.Notify();
    });
    initiated.WaitForNotification();
    return id;
  }

  v1::CollectGarbageRequest request_;
  const std::unique_ptr<v1::MaintenanceService::Stub> stub_of_maintenance_;
};

TEST_F(MaintenanceServiceTest, OrphansGoAndUploadsOfSessionsStay) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcd"));
  call.ReadUntil(v1::PutObjectResponse::kProgress);
  const std::set<std::string> owned = backend_.uploads();
  const std::string orphan = Orphan("orphan \xff");
  Garbage garbage = Collect();
  EXPECT_EQ(garbage.Finish(), absl::OkStatus());
  ASSERT_EQ(garbage.answers().size(), 2u);
  const v1::OrphanedUpload& upload = garbage.answers()[0].upload();
  EXPECT_EQ(upload.upload_id(), orphan);
  EXPECT_EQ(upload.bucket(), "bucket");
  EXPECT_EQ(upload.key(), "orphan \xef\xbf\xbd");
  EXPECT_EQ(upload.part_count(), 0);
  EXPECT_TRUE(upload.has_stored_size());
  EXPECT_EQ(upload.disposal(), v1::OrphanedUpload::DISPOSAL_ABORTED);
  const v1::GarbageSummary& summary = garbage.answers()[1].summary();
  EXPECT_EQ(summary.listed_count(), 2);
  EXPECT_EQ(summary.owned_count(), 1);
  EXPECT_EQ(summary.aborted_count(), 1);
  EXPECT_EQ(backend_.uploads(), owned);
  // The session goes on as if nothing had been.
  call.Send(ChunkRequest(4, "ef"));
  call.Send(FinishRequest("abcdef"));
  EXPECT_EQ(call.Finish(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdef");
}

TEST_F(MaintenanceServiceTest, SevenDaysIsOldAndTheRequestMaySayOtherwise) {
  Orphan("one");
  backend_.SetUploadAge(absl::Hours(7 * 24 - 1));
  Garbage garbage = Collect();
  EXPECT_EQ(garbage.Finish(), absl::OkStatus());
  EXPECT_EQ(garbage.answers().back().summary().young_count(), 1);
  request_.mutable_older_than()->set_seconds(3600);
  request_.set_dry_run(true);
  Garbage dry = Collect();
  EXPECT_EQ(dry.Finish(), absl::OkStatus());
  EXPECT_EQ(dry.answers()[0].upload().disposal(), v1::OrphanedUpload::DISPOSAL_WOULD_ABORT);
  EXPECT_EQ(backend_.uploads().size(), 1u);
}

TEST_F(MaintenanceServiceTest, FailureIsToldAndTheCallIsOk) {
  Orphan("one");
  backend_.FailWith("abort", MakeError(Code::kPermissionDenied, kReasonDenied, "you may not"));
  Garbage garbage = Collect();
  EXPECT_EQ(garbage.Finish(), absl::OkStatus());
  const v1::OrphanedUpload& upload = garbage.answers()[0].upload();
  EXPECT_EQ(upload.disposal(), v1::OrphanedUpload::DISPOSAL_FAILED);
  EXPECT_EQ(upload.failure_reason(), kReasonDenied);
  EXPECT_EQ(upload.failure_message(), "you may not");
  EXPECT_EQ(garbage.answers()[1].summary().failed_count(), 1);
}

TEST_F(MaintenanceServiceTest, BadRequestsAreRefused) {
  const auto reason = [this] { return ErrorReason(Collect().Finish()); };
  request_.set_remote("nowhere");
  EXPECT_EQ(reason(), "UNKNOWN_REMOTE");
  request_.set_remote(kTestRemote);
  request_.set_bucket("");
  EXPECT_EQ(reason(), "BUCKET_REQUIRED");
  request_.set_bucket("No");
  EXPECT_EQ(reason(), "BAD_BUCKET");
  request_.set_bucket("bucket");
  for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{3599}}) {
    request_.mutable_older_than()->set_seconds(seconds);
    EXPECT_EQ(reason(), "BAD_OLDER_THAN") << seconds;
  }
  EXPECT_EQ(ErrorReason(Diagnose("nowhere").Finish()), "UNKNOWN_REMOTE");
  EXPECT_EQ(ErrorReason(Diagnose(kTestRemote, "").Finish()), "BUCKET_REQUIRED");
}

TEST_F(MaintenanceServiceTest, StoreThatDoesNotAnswerEndsTheCall) {
  Orphan("one");
  store_.FailWith(StoreCode::kUnavailable);
  const absl::Status status = Collect().Finish();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_EQ(backend_.uploads().size(), 1u);
}

// More than a connection holds of what nobody reads: the run can only go on to its end when it is
// read, and end early when the client is gone.
TEST_F(MaintenanceServiceTest, RunIsNoFasterThanItsReaderAndEndsWithIt) {
  constexpr int kUploads = 4000;
  for (int i = 0; i < kUploads; ++i) Orphan(std::to_string(i) + std::string(1000, 'k'));
  Garbage garbage = Collect();
  v1::CollectGarbageResponse first;
  EXPECT_TRUE(garbage.Read(first));
  EXPECT_FALSE(maintenance_->AwaitIdle(absl::ZeroDuration()));
  garbage.Cancel();
  EXPECT_EQ(garbage.Finish().code(), Code::kCancelled);
  EXPECT_TRUE(maintenance_->AwaitIdle(absl::Minutes(1)));
  EXPECT_FALSE(backend_.uploads().empty());
}

TEST_F(MaintenanceServiceTest, DrainEndsARunThatIsUnderWay) {
  for (int i = 0; i < 2 * GarbageCollector::kParallel; ++i) Orphan(std::to_string(i));
  backend_.Hold("abort");
  Garbage garbage = Collect();
  backend_.AwaitHeld("abort");
  maintenance_->Stop();
  EXPECT_FALSE(maintenance_->AwaitIdle(absl::ZeroDuration()));
  backend_.Release("abort");
  const absl::Status status = garbage.Finish();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  EXPECT_TRUE(maintenance_->AwaitIdle(absl::Minutes(1)));
  EXPECT_EQ(backend_.uploads().size(), 1u * GarbageCollector::kParallel);
  EXPECT_EQ(ErrorReason(Collect().Finish()), "DRAINING");
}

TEST_F(MaintenanceServiceTest, OnlySoManyRunAtATime) {
  backend_.Hold("list_uploads");
  std::vector<std::unique_ptr<Garbage>> running;
  for (int i = 0; i < Maintenance::kMaxRuns; ++i) {
    running.push_back(std::make_unique<Garbage>([this](grpc::ClientContext* context) {
      return stub_of_maintenance_->CollectGarbage(context, request_);
    }));
    // In the order of the calls: this one runs before the next is made.
    backend_.AwaitHeld("list_uploads", i + 1);
  }
  const absl::Status status = Collect().Finish();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "MAINTENANCE_BUSY");
  EXPECT_TRUE(RetryDelay(status).has_value());
  backend_.Release("list_uploads");
  for (const auto& garbage : running) EXPECT_EQ(garbage->Finish(), absl::OkStatus());
}

TEST_F(MaintenanceServiceTest, ChecksOfARemoteAreTold) {
  Checks good = Diagnose();
  EXPECT_EQ(good.Finish(), absl::OkStatus());
  std::vector<std::string> names;
  for (const auto& answer : good.answers()) {
    const v1::DiagnosticCheck& check = answer.check();
    EXPECT_EQ(check.bucket(), "bucket");
    EXPECT_NE(check.outcome(), v1::DiagnosticCheck::OUTCOME_FAILED) << check.message();
    names.push_back(check.name());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("endpoint", "clock", "credentials", "region",
                                                   "bucket", "list_uploads", "put_object",
                                                   "stat_object", "initiate_upload", "upload_part",
                                                   "list_parts", "complete_upload", "abort_upload",
                                                   "delete_object", "crc64", "cleanup"));
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

TEST_F(MaintenanceServiceTest, CheckThatFailsCarriesItsReasonAndRemedy) {
  backend_.FailWith("part", MakeError(Code::kPermissionDenied, kReasonDenied, "you may not"));
  Checks checks = Diagnose();
  EXPECT_EQ(checks.Finish(), absl::OkStatus());
  std::vector<std::string> failed;
  for (const auto& answer : checks.answers()) {
    const v1::DiagnosticCheck& check = answer.check();
    if (check.outcome() != v1::DiagnosticCheck::OUTCOME_FAILED) continue;
    failed.push_back(check.name());
    EXPECT_EQ(check.failure_reason(), kReasonDenied);
    EXPECT_EQ(check.message(), "you may not");
    EXPECT_THAT(check.remedy(), HasSubstr("Allow"));
  }
  EXPECT_THAT(failed, ElementsAre("upload_part"));
}

}  // namespace
}  // namespace penstock
