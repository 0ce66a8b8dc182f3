// Objects that forbid overwriting, that ask for a callback, that are versioned; and what a remote's
// options add to their requests.

#include "plugin/oss/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAskVersioning[] = "GET /bucket/?versioning";

Reply VersioningIs(const std::string& status) {
  return {200,
          {},
          absl::StrCat("<VersioningConfiguration><Status>", status,
                       "</Status></VersioningConfiguration>")};
}

ObjectAttributes Forbidding() {
  ObjectAttributes attributes;
  attributes.forbid_overwrite = true;
  return attributes;
}

ObjectAttributes Calling() {
  ObjectAttributes attributes;
  attributes.options = {
      {"callback", R"({"callbackUrl":"http://app.example/","callbackBody":"k=${object}"})"}};
  return attributes;
}

// A PutObject of "hello" that was stored.
Reply Stored(std::vector<std::string> more = {}) {
  Reply reply = kPartStored;
  reply.headers.insert(reply.headers.end(), more.begin(), more.end());
  return reply;
}

TEST_F(OssBackendTest, ForbidOverwriteIsSentWhereverItCounts) {
  Expect({kUnversioned, kInitiated, kUnversioned, kCompleted, kDescribed, kUnversioned, Stored()});
  EXPECT_TRUE(Initiate(Forbidding()).ok());
  EXPECT_TRUE(Complete(Forbidding()).ok());
  EXPECT_TRUE(Put("hello", Forbidding()).ok());
  EXPECT_THAT(requests(),
              ElementsAre(kAskVersioning, "POST /bucket/dir/key%201?encoding-type=url&uploads",
                          kAskVersioning, "POST /bucket/dir/key%201?encoding-type=url&uploadId=ID",
                          "HEAD /bucket/dir/key%201", kAskVersioning, "PUT /bucket/dir/key%201"));
  for (const size_t sent : {1, 3, 6}) EXPECT_EQ(Sent(sent, "x-oss-forbid-overwrite"), "true");
}

TEST_F(OssBackendTest, ForbidOverwriteIsRefusedWhereTheBucketHasVersions) {
  for (const char* status : {"Enabled", "Suspended"}) {
    Configure({});
    EXPECT_TRUE(backend_->CheckObject(kObject, Forbidding()).ok()) << "nobody knows yet";
    Expect({VersioningIs(status)});
    const absl::Status refused = Initiate(Forbidding()).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ErrorReason(refused), "CONDITION_UNSUPPORTED");
    EXPECT_EQ(ErrorMetadataOf(refused).at("bucket"), "bucket");
    // Versioning is for ever: nothing is asked or sent any more, and the next open is told at once.
    EXPECT_EQ(ErrorReason(Complete(Forbidding()).status()), "CONDITION_UNSUPPORTED");
    EXPECT_EQ(ErrorReason(Put("hello", Forbidding()).status()), "CONDITION_UNSUPPORTED");
    EXPECT_EQ(ErrorReason(backend_->CheckObject(kObject, Forbidding())), "CONDITION_UNSUPPORTED");
    EXPECT_TRUE(backend_->CheckObject({"other", "k"}, Forbidding()).ok());
  }
  EXPECT_THAT(requests(), ElementsAre(kAskVersioning, kAskVersioning));
}

TEST_F(OssBackendTest, VersioningThatComesLaterIsSeenBeforePublishing) {
  Expect({kUnversioned, kInitiated, VersioningIs("Enabled")});
  EXPECT_TRUE(Initiate(Forbidding()).ok());
  EXPECT_EQ(ErrorReason(Complete(Forbidding()).status()), "CONDITION_UNSUPPORTED");
  EXPECT_EQ(requests().size(), 3u) << "no Complete was sent";
}

TEST_F(OssBackendTest, ForbidOverwriteIsRefusedWhereOssDoesNotLetUsSee) {
  Expect({Refusal(403, "AccessDenied")});
  const absl::Status refused = Put("hello", Forbidding()).status();
  EXPECT_EQ(ErrorReason(refused), "CONDITION_UNSUPPORTED");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("oss:GetBucketVersioning"));
  EXPECT_EQ(ErrorMetadataOf(refused).at("oss_request_id"), "R1");
  // It may be allowed by then.
  Expect({kUnversioned, Stored()});
  EXPECT_TRUE(Put("hello", Forbidding()).ok());
}

TEST_F(OssBackendTest, OtherErrorsOfTheQuestionAreToldAsTheyAre) {
  Expect({Refusal(404, "NoSuchBucket")});
  EXPECT_EQ(ErrorReason(Initiate(Forbidding()).status()), kReasonNoSuchBucket);
  const Reply strange = VersioningIs("Perhaps");
  Expect({strange, strange, strange, strange});
  EXPECT_EQ(ErrorReason(Initiate(Forbidding()).status()), kReasonUnavailable);
  EXPECT_THAT(requests(), testing::Each(kAskVersioning));
}

TEST_F(OssBackendTest, WhereThereIsNoVersioningAtAllForbidOverwriteIsHeeded) {
  Expect({Refusal(501, "NotImplemented"), Stored()});
  EXPECT_TRUE(Put("hello", Forbidding()).ok());
}

TEST_F(OssBackendTest, VersioningIsNotAskedForWhereTheConfigurationTells) {
  Configure({{"bucket_versioning", "off"}});
  EXPECT_TRUE(backend_->capabilities().forbids_overwrite_atomically);
  Expect({kInitiated});
  EXPECT_TRUE(Initiate(Forbidding()).ok());
  EXPECT_EQ(requests().size(), 1u);

  Configure({{"bucket_versioning", "on"}});
  EXPECT_FALSE(backend_->capabilities().forbids_overwrite_atomically);
  EXPECT_EQ(ErrorReason(backend_->CheckObject(kObject, Forbidding())), "CONDITION_UNSUPPORTED");
  EXPECT_TRUE(backend_->CheckObject(kObject, {}).ok());
}

TEST_F(OssBackendTest, CompleteDescribesTheVersionItMade) {
  Reply completed = kCompleted;
  completed.headers.push_back("x-oss-version-id: V9");
  Expect({completed, kDescribed});
  EXPECT_EQ(Complete()->version_id, "V9");
  EXPECT_EQ(requests().back(), "HEAD /bucket/dir/key%201?versionId=V9");
}

TEST_F(OssBackendTest, VersionsThatMayNotBeReadAreDescribedWithoutTheirId) {
  Reply completed = kCompleted;
  completed.headers.push_back("x-oss-version-id: V9");
  Expect({completed, Refusal(403, "AccessDenied"), kDescribed});
  EXPECT_EQ(Complete()->version_id, "V9");
  EXPECT_EQ(requests().back(), "HEAD /bucket/dir/key%201");
  Reply newer = kDescribed;
  newer.headers[0] = "ETag: \"OTHER\"";
  Expect({completed, Refusal(403, "AccessDenied"), newer});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonUnavailable) << "that is another version";
}

TEST_F(OssBackendTest, PutTellsTheVersionItMade) {
  Expect({Stored({"x-oss-version-id: V9"})});
  EXPECT_EQ(Put("hello")->version_id, "V9");
}

TEST_F(OssBackendTest, CallbackIsSentAtPublishingOnly) {
  Configure({{"allow_callback", "true"}});
  EXPECT_TRUE(backend_->CheckObject(kObject, Calling()).ok());
  Expect({kInitiated, kPartStored, kCompleted, kDescribed, Stored()});
  EXPECT_TRUE(Initiate(Calling()).ok());
  EXPECT_TRUE(Upload("hello").ok());
  EXPECT_TRUE(Complete(Calling()).ok());
  EXPECT_TRUE(Put("hello", Calling()).ok());
  const std::string callback =
      "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hcHAuZXhhbXBsZS8iLCJjYWxsYmFja0JvZHkiOiJrPSR7b2JqZWN0fSJ9";
  EXPECT_EQ(Sent(0, "x-oss-callback"), "");
  EXPECT_EQ(Sent(1, "x-oss-callback"), "");
  EXPECT_EQ(Sent(2, "x-oss-callback"), callback);
  EXPECT_EQ(Sent(4, "x-oss-callback"), callback);
}

TEST_F(OssBackendTest, CallbackIsRefusedWhereItIsNotAllowed) {
  EXPECT_EQ(ErrorReason(backend_->CheckObject(kObject, Calling())), "CALLBACK_NOT_ALLOWED");
}

TEST_F(OssBackendTest, TheApplicationsAnswerStandsForTheXml) {
  Expect({{200, {"ETag: \"E-2\""}, R"({"Status":"OK"})"}, kDescribed});
  EXPECT_EQ(Complete(Calling())->etag, "E-2");
  // Without an ETag in the headers HEAD has to do.
  Expect({{200, {}, ""}, kDescribed});
  EXPECT_EQ(Complete(Calling())->etag, "E-2");
  // An object of another ETag is another object.
  Expect({{200, {"ETag: \"E-9\""}, "{}"}, kDescribed});
  EXPECT_EQ(ErrorReason(Complete(Calling()).status()), kReasonUnavailable);
  // Nobody asked for that one.
  Expect({{200, {"ETag: \"E-2\""}, R"({"Status":"OK"})"}});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonUnavailable);
}

TEST_F(OssBackendTest, CompleteWhoseCallbackFailedHasPublished) {
  Expect({Refusal(203, "CallbackFailed"), kDescribed});
  EXPECT_EQ(Complete(Calling())->etag, "E-2");
  EXPECT_EQ(requests().size(), 2u) << "Complete was not repeated";
}

TEST_F(OssBackendTest, PutWhoseCallbackFailedHasPublished) {
  Expect({Refusal(203, "CallbackFailed"), kDescribed});
  const absl::StatusOr<ObjectStat> stat = Put("hello", Calling());
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->etag, "E-2");
  EXPECT_EQ(requests().back(), "HEAD /bucket/dir/key%201");
  // One that describes the object itself need not be asked about.
  Reply complete = Stored({"x-oss-version-id: V9"});
  complete.status = 203;
  Expect({complete});
  EXPECT_EQ(Put("hello", Calling())->etag, "E7");
  // The bytes count all the same.
  Expect({{203, {"ETag: \"E\"", "x-oss-hash-crc64ecma: 1"}, ""}});
  EXPECT_EQ(ErrorReason(Put("hello", Calling()).status()), kReasonChecksumMismatch);
}

TEST_F(OssBackendTest, FailedCallbacksAreTheLogsBusiness) {
  log::Configure(log::Level::kWarning, /*json=*/true);
  testing::internal::CaptureStderr();
  Reply failed = Refusal(203, "CallbackFailed");
  failed.body =
      "<Error><Code>CallbackFailed</Code><Message>502 of the app</Message>"
      "<EC>0007-00000203</EC></Error>";
  Expect({failed, kDescribed});
  EXPECT_TRUE(Complete(Calling()).ok());
  const std::string logged = testing::internal::GetCapturedStderr();
  log::Configure(log::Level::kOff, false);
  for (const char* part : {"callback failed", "dir/key 1", "R1", "CallbackFailed", "502 of the app",
                           "0007-00000203"}) {
    EXPECT_THAT(logged, HasSubstr(part));
  }
}

TEST_F(OssBackendTest, TrafficLimitGoesWithTheBytesAndThePayerWithEverything) {
  Configure({{"traffic_limit", "819200"}, {"request_payer", "requester"}});
  Expect({kUnversioned,
          kInitiated,
          kPartStored,
          kUnversioned,
          kCompleted,
          kDescribed,
          Stored(),
          {204, {}, ""}});
  EXPECT_TRUE(Initiate(Forbidding()).ok());
  EXPECT_TRUE(Upload("hello").ok());
  EXPECT_TRUE(Complete(Forbidding()).ok());
  EXPECT_TRUE(Put("hello").ok());
  EXPECT_TRUE(Abort().ok());
  ASSERT_EQ(requests().size(), 8u);
  for (size_t request = 0; request < 8; ++request) {
    SCOPED_TRACE(requests()[request]);
    EXPECT_EQ(Sent(request, "x-oss-request-payer"), "requester");
    const bool carries_bytes = request == 2 || request == 6;
    EXPECT_EQ(Sent(request, "x-oss-traffic-limit"), carries_bytes ? "819200" : "");
  }
}

TEST_F(OssBackendTest, BadNamesReachNobody) {
  for (const ObjectName& bad : {ObjectName{"B", "k"}, ObjectName{"bucket", ""}}) {
    std::promise<absl::StatusOr<std::unique_ptr<PreparedPut>>> put;
    backend_->PreparePut(bad, {}, "mark", MakeBuffer("x"), Into(put));
    EXPECT_TRUE(absl::IsInvalidArgument(put.get_future().get().status()));
    std::promise<absl::StatusOr<std::string>> upload;
    backend_->InitiateUpload(bad, {}, "mark", Into(upload));
    EXPECT_TRUE(absl::IsInvalidArgument(upload.get_future().get().status()));
  }
  EXPECT_THAT(requests(), IsEmpty());
}

}  // namespace
}  // namespace penstock::oss
