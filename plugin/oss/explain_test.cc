#include "plugin/oss/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "plugin/backend.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {
namespace {

using testing::HasSubstr;

absl::Status Error(int http_status, const std::string& code, const std::string& ec = "",
                   const std::string& message = "") {
  OssError error;
  error.http_status = http_status;
  error.code = code;
  error.ec = ec;
  error.message = message;
  error.request_id = "5C3D";
  error.of_oss = true;
  return ToStatus(error);
}

TEST(ExplainTest, EveryCodeBlamesWhatAnOperatorCanMend) {
  struct Case {
    int http_status;
    const char* code;
    const char* ec;
    const char* message;
    Blame blame;
    const char* remedy;
  };
  const Case cases[] = {
      {403, "RequestTimeTooSkewed", "", "", Blame::kClock, "clock"},
      {403, "InvalidAccessKeyId", "", "", Blame::kCredentials, "id"},
      {403, "SignatureDoesNotMatch", "", "", Blame::kCredentials, "secret"},
      {403, "SecurityTokenExpired", "", "", Blame::kCredentials, "renew"},
      {403, "InvalidSecurityToken", "", "", Blame::kCredentials, "token"},
      {403, "UserDisable", "", "", Blame::kCredentials, "bills"},
      {403, "SecondLevelDomainForbidden", "", "", Blame::kEndpoint, "addressing"},
      {400, "InvalidArgument", "0002-00000228", "", Blame::kRegion, "region"},
      {400, "InvalidArgument", "0002-00000226", "", Blame::kRegion, "region"},
      {403, "NonStandardHostForbidden", "", "", Blame::kEndpoint, "domain"},
      {403, "TransferAccelerationDisabled", "", "", Blame::kEndpoint, "endpoint_type"},
      {404, "NoSuchBucket", "", "", Blame::kBucket, "name"},
      {403, "AccessDenied", "0003-00000001", "You have no right.", Blame::kOperation,
       "oss:ListParts"},
      {500, "InternalError", "", "", Blame::kOperation, "Try again"},
  };
  for (const Case& c : cases) {
    const Explanation explanation =
        Explain(kListParts, Error(c.http_status, c.code, c.ec, c.message));
    EXPECT_EQ(explanation.blame, c.blame) << c.code << " " << c.ec;
    EXPECT_THAT(explanation.remedy, HasSubstr(c.remedy)) << c.code;
  }
}

TEST(ExplainTest, BucketThatIsElsewhereBlamesTheRegion) {
  OssError error;
  error.http_status = 403;
  error.code = "AccessDenied";
  error.endpoint = "oss-cn-beijing.aliyuncs.com";
  const Explanation explanation = Explain(kPutObject, ToStatus(error));
  EXPECT_EQ(explanation.blame, Blame::kRegion);
  EXPECT_THAT(explanation.remedy, HasSubstr("region = cn-beijing"));
}

TEST(ExplainTest, NoAnswerAndAStrangersAnswerBlameTheEndpoint) {
  const absl::Status refused =
      MakeError(absl::StatusCode::kUnavailable, "HTTP_FAILED", "connection refused");
  EXPECT_EQ(Explain(kPutObject, NoAnswerStatus(refused)).blame, Blame::kEndpoint);
  OssError stranger;
  stranger.http_status = 404;
  EXPECT_EQ(Explain(kPutObject, ToStatus(stranger)).blame, Blame::kEndpoint);
}

TEST(ExplainTest, WhatWasNeverSentBlamesTheCredentials) {
  const absl::Status none =
      MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied, "the instance has no role");
  const Explanation explanation = Explain(kPutObject, none);
  EXPECT_EQ(explanation.blame, Blame::kCredentials);
  EXPECT_FALSE(explanation.tells) << "nobody was asked";
}

TEST(ExplainTest, PermissionsAreThoseOfTheRequestsThatAreSent) {
  EXPECT_EQ(PermissionFor(kPutObject), "oss:PutObject");
  EXPECT_EQ(PermissionFor(kInitiateUpload), "oss:PutObject");
  EXPECT_EQ(PermissionFor(kUploadPart), "oss:PutObject");
  EXPECT_EQ(PermissionFor(kStatObject), "oss:GetObject");
  EXPECT_EQ(PermissionFor(kDeleteObject), "oss:DeleteObject");
  EXPECT_EQ(PermissionFor(kListUploads), "oss:ListMultipartUploads");
  EXPECT_EQ(PermissionFor(kAbortUpload), "oss:AbortMultipartUpload");
  EXPECT_THAT(PermissionFor(kCompleteUpload), HasSubstr("oss:GetObject"));
}

}  // namespace
}  // namespace penstock::oss
