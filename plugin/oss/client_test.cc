#include "plugin/oss/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/notification.h"
#include "plugin/oss/fake_oss.h"
#include "plugin/oss/retry.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;

using OssClientTest = OssBackendTest;

TEST(RetryWaitTest, DoublesItsBoundUpToItsLongest) {
  EXPECT_EQ(RetryWait(RetryClass::kBackoff, 1, 1.0), absl::Milliseconds(200));
  EXPECT_EQ(RetryWait(RetryClass::kBackoff, 3, 1.0), absl::Milliseconds(800));
  EXPECT_EQ(RetryWait(RetryClass::kBackoff, 3, 0.25), absl::Milliseconds(200));
  EXPECT_EQ(RetryWait(RetryClass::kBackoff, 100, 1.0), absl::Seconds(20));
  EXPECT_EQ(RetryWait(RetryClass::kThrottled, 1, 1.0), absl::Seconds(1));
  EXPECT_EQ(RetryWait(RetryClass::kThrottled, 6, 0.0), absl::ZeroDuration());
}

TEST_F(OssClientTest, UploadPartIsRepeatedAfterFailuresThatDoNoHarm) {
  // The break comes first: on a connection that had served before, libcurl would repeat by itself.
  Expect({{0, {}, ""}, Refusal(500, "InternalError"), Refusal(400, "RequestTimeout"), kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_THAT(executor_.delays(), ElementsAre(200, 400, 800));
}

// A maintenance page, say: all answers of OSS have a request id.
TEST_F(OssClientTest, WhatSomebodyOnTheWaySaysIsNoSuccess) {
  Intercept([](FakeExchange& exchange) {
    exchange.ReadBody();
    return exchange.Reply(200, {"ETag: \"W/1\""}, "<html>Back soon.</html>");
  });
  for (const absl::Status& status : {Upload("hello").status(), Put("hello").status(), Abort(),
                                     Complete().status(), Initiate().status()}) {
    EXPECT_EQ(ErrorReason(status), kReasonUnavailable) << status;
    EXPECT_TRUE(RetryDelay(status).has_value()) << status;
  }
}

TEST_F(OssClientTest, AChecksumThatIsNoneIsNoSuccess) {
  const Reply odd = {200, {"ETag: \"E7\"", "x-oss-hash-crc64ecma: 12a"}, ""};
  Expect({odd, odd, odd, kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
}

TEST_F(OssClientTest, UploadPartGivesUpAfterItsAttempts) {
  Expect({Refusal(503, "ServiceUnavailable"), Refusal(503, "ServiceUnavailable"),
          Refusal(503, "ServiceUnavailable"), Refusal(503, "ServiceUnavailable"), kPartStored});
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_EQ(ErrorMetadataOf(status).at("oss_code"), "ServiceUnavailable");
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_THAT(executor_.delays(), ElementsAre(1000, 2000, 4000));
}

TEST_F(OssClientTest, UploadPartIsNotRepeatedWhenItCannotHelp) {
  Expect({Refusal(404, "NoSuchUpload"), kPartStored});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonNoSuchUpload);
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(OssClientTest, ClockIsCorrectedByOssOnceForAll) {
  Expect({Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}),
          kPartStored, kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_EQ(Sent(1, "x-oss-date"), "20231217T034736Z");
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_EQ(Sent(2, "x-oss-date"), "20231217T034736Z");
  EXPECT_THAT(executor_.delays(), ElementsAre());
}

TEST_F(OssClientTest, ClockIsNotCorrectedByAnybodyElse) {
  Expect({{403,
           {"Date: Sun, 17 Dec 2023 03:47:36 GMT"},
           "<Error><Code>RequestTimeTooSkewed</Code></Error>"},
          kPartStored});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonUnavailable);
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(OssClientTest, CredentialsAreReadAgainOnceWhenATokenIsRefused) {
  Expect({Refusal(403, "SecurityTokenExpired"), kPartStored, kPartStored});
  const auto first_signature = [&] { return Sent(0, "authorization"); };
  WriteSecret("sk2");
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_NE(Sent(1, "authorization"), first_signature());
  Expect({Refusal(403, "SecurityTokenExpired"), Refusal(403, "SecurityTokenExpired")});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonDenied);
}

TEST_F(OssClientTest, CredentialsThatWereReplacedServeTheNextCall) {
  Expect({Refusal(403, "SignatureDoesNotMatch"), kPartStored});
  WriteSecret("sk2");
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonDenied);
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_NE(Sent(1, "authorization"), Sent(0, "authorization"));
}

TEST_F(OssClientTest, CompleteIsNotRepeatedAfterAnUnknownOutcome) {
  const Reply unclear[] = {
      {0, {}, ""},
      Refusal(500, "InternalError"),
      {200, {}, "<CompleteMultipartUploadResult><ETag>\"E"},
      {200, {}, ""},
      Refusal(200, "InternalError"),
  };
  for (const Reply& reply : unclear) {
    Expect({reply, kCompleted, kDescribed});
    const size_t before = requests().size();
    const absl::Status status = Complete().status();
    EXPECT_EQ(ErrorReason(status), kReasonUnavailable) << reply.body;
    EXPECT_TRUE(OutcomeUnknown(status));
    EXPECT_EQ(requests().size(), before + 1);
  }
}

TEST_F(OssClientTest, CompleteIsRepeatedAfterRefusalsThatHadNoEffect) {
  Expect({Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}),
          Refusal(403, "InvalidSecurityToken"), kCompleted, kDescribed});
  EXPECT_TRUE(Complete().ok());
}

TEST_F(OssClientTest, NamesThatWouldMeanSomethingElseAreNotSent) {
  std::promise<absl::Status> no_key;
  backend_->Delete({"bucket", ""}, Into(no_key));
  EXPECT_EQ(no_key.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  std::promise<absl::Status> no_upload;
  backend_->AbortUpload(kObject, "", Into(no_upload));
  EXPECT_EQ(no_upload.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  std::promise<absl::Status> no_bucket;
  backend_->Delete({"evil.example/x", "key"}, Into(no_bucket));
  EXPECT_EQ(no_bucket.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(requests(), ElementsAre());
}

TEST_F(OssClientTest, PutIsNeverRepeated) {
  const Reply changed = {200, {"ETag: \"E\"", "x-oss-hash-crc64ecma: 1"}, ""};
  const std::pair<Reply, const char*> rows[] = {
      {{0, {}, ""}, kReasonUnavailable},
      {Refusal(500, "InternalError"), kReasonUnavailable},
      {Refusal(409, "FileAlreadyExists"), kReasonObjectExists},
      {Refusal(403, "SecurityTokenExpired"), kReasonDenied},
      {changed, kReasonChecksumMismatch}};
  for (const auto& [reply, reason] : rows) {
    const size_t before = requests().size();
    Expect({reply, kPartStored});
    EXPECT_EQ(ErrorReason(Put("hello").status()), reason);
    EXPECT_EQ(requests().size(), before + 1);
  }
}

TEST_F(OssClientTest, PutRefusedForTheClockSucceedsWhenItIsSignedAgain) {
  Expect(
      {Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}), kPartStored});
  EXPECT_EQ(ErrorReason(Put("hello").status()), kReasonUnavailable);
  EXPECT_TRUE(Put("hello").ok());
  EXPECT_EQ(Sent(1, "x-oss-date"), "20231217T034736Z");
}

TEST_F(OssClientTest, PutRefusedForOldCredentialsIsWorthAnotherAttempt) {
  const std::unique_ptr<PreparedPut> put = Prepare("hello");
  WriteSecret("sk2");
  Expect({Refusal(403, "InvalidSecurityToken")});
  std::promise<absl::StatusOr<ObjectStat>> answer;
  put->Send(Into(answer));
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
}

TEST_F(OssClientTest, DestructorEndsWhatWaitsToBeSentAgain) {
  Notification held;
  executor_.Hold(held);
  Expect({Refusal(500, "InternalError")});
  std::promise<absl::StatusOr<std::string>> answer;
  backend_->UploadPart(kObject, "ID", 7, MakeBuffer("hello"), Into(answer));
  held.WaitForNotification();
  backend_.reset();
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
}

}  // namespace
}  // namespace penstock::oss
