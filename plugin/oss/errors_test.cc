#include "plugin/oss/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/backend.h"

namespace penstock::oss {
namespace {

using Code = absl::StatusCode;

HttpResponse Answer(int status, const std::string& code) {
  HttpResponse answer;
  answer.status = status;
  answer.headers.emplace("x-oss-request-id", "5C3D9175B6FC201293AD4890");
  answer.body =
      absl::StrCat("<?xml version=\"1.0\"?><Error><Code>", code, "</Code><Message>why</Message>",
                   "<RequestId>5C3D9175B6FC201293AD4890</RequestId>"
                   "<EC>0042-00000203</EC></Error>");
  return answer;
}

struct Row {
  int http_status;
  const char* code;
  RetryClass retry;
  Code status;
  const char* reason;
};

// Table 6.2 of reference/oss-api.md.
const Row kRows[] = {
    {412, "PreconditionFailed", RetryClass::kNever, Code::kFailedPrecondition,
     kReasonObjectChanged},
    {400, "InvalidArgument", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "InvalidPart", RetryClass::kNever, Code::kFailedPrecondition, kReasonInvalidPart},
    {400, "FilePartNotExist", RetryClass::kNever, Code::kFailedPrecondition, kReasonInvalidPart},
    {400, "InvalidPartOrder", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "EntityTooSmall", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "EntityTooLarge", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "MalformedXML", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "InvalidObjectName", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "InvalidBucketName", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "MissingArgument", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {400, "InvalidEncryptionAlgorithmError", RetryClass::kNever, Code::kInvalidArgument,
     kReasonRejected},
    {400, "InvalidDigest", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {400, "IncompleteBody", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {400, "RequestTimeout", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {400, "BadRequest", RetryClass::kBackoff, Code::kInvalidArgument, kReasonRejected},
    {401, "Unauthorized", RetryClass::kBackoff, Code::kPermissionDenied, kReasonDenied},
    {403, "RequestTimeTooSkewed", RetryClass::kClock, Code::kUnavailable, kReasonUnavailable},
    {403, "SecurityTokenExpired", RetryClass::kCredentials, Code::kPermissionDenied, kReasonDenied},
    {403, "InvalidSecurityToken", RetryClass::kCredentials, Code::kPermissionDenied, kReasonDenied},
    {403, "AccessKeyIdAndSecurityTokenNotMatch", RetryClass::kCredentials, Code::kPermissionDenied,
     kReasonDenied},
    {403, "AccessDenied", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "SignatureDoesNotMatch", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "InvalidAccessKeyId", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "SecondLevelDomainForbidden", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "UserDisable", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "KmsServiceNotEnabled", RetryClass::kNever, Code::kPermissionDenied, kReasonDenied},
    {403, "TransferAccelerationDisabled", RetryClass::kNever, Code::kPermissionDenied,
     kReasonDenied},
    {403, "InvalidObjectState", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {404, "NoSuchBucket", RetryClass::kNever, Code::kNotFound, kReasonNoSuchBucket},
    {404, "NoSuchKey", RetryClass::kNever, Code::kNotFound, kReasonNoSuchObject},
    {404, "NoSuchVersion", RetryClass::kNever, Code::kNotFound, kReasonNoSuchObject},
    {404, "NoSuchUpload", RetryClass::kNever, Code::kNotFound, kReasonNoSuchUpload},
    {404, "SymlinkTargetNotExist", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {405, "MethodNotAllowed", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {408, "Any", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {429, "Any", RetryClass::kThrottled, Code::kUnavailable, kReasonUnavailable},
    {409, "FileAlreadyExists", RetryClass::kNever, Code::kAlreadyExists, kReasonObjectExists},
    {409, "FileImmutable", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {409, "PartAlreadyExist", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {411, "MissingContentLength", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {416, "InvalidRange", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {424, "MirrorFailed", RetryClass::kNever, Code::kInvalidArgument, kReasonRejected},
    {500, "InternalError", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {501, "NotImplemented", RetryClass::kNever, Code::kFailedPrecondition, kReasonRejected},
    {502, "Any", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {503, "ServiceUnavailable", RetryClass::kThrottled, Code::kUnavailable, kReasonUnavailable},
    {503, "UploadTrafficRateLimitExceeded", RetryClass::kThrottled, Code::kUnavailable,
     kReasonUnavailable},
    {504, "Any", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {200, "InternalError", RetryClass::kBackoff, Code::kUnavailable, kReasonUnavailable},
    {200, "NoSuchUpload", RetryClass::kNever, Code::kNotFound, kReasonNoSuchUpload},
};

TEST(ErrorsTest, MapsEveryCodeToItsReasonAndRetryClass) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(absl::StrCat(row.http_status, " ", row.code));
    const OssError error = ParseError(Answer(row.http_status, row.code), false);
    EXPECT_EQ(Classify(error), row.retry);
    const absl::Status status = ToStatus(error);
    EXPECT_EQ(status.code(), row.status);
    EXPECT_EQ(ErrorReason(status), row.reason);
    EXPECT_EQ(RetryDelay(status).has_value(), row.status == Code::kUnavailable);
  }
}

TEST(ErrorsTest, KeepsWhatAUserCanQuoteToSupport) {
  const absl::Status status = ToStatus(ParseError(Answer(404, "NoSuchUpload"), false));
  EXPECT_EQ(std::string(status.message()),
            "OSS answered HTTP 404 NoSuchUpload (why); EC 0042-00000203; "
            "request id 5C3D9175B6FC201293AD4890");
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  EXPECT_EQ(metadata.at("http_status"), "404");
  EXPECT_EQ(metadata.at("oss_code"), "NoSuchUpload");
  EXPECT_EQ(metadata.at("oss_ec"), "0042-00000203");
  EXPECT_EQ(metadata.at("oss_request_id"), "5C3D9175B6FC201293AD4890");
}

TEST(ErrorsTest, ReadsErrorsOfHeadFromTheirHeader) {
  HttpResponse answer;
  answer.status = 404;
  answer.headers.emplace("x-oss-err", absl::Base64Escape(Answer(404, "NoSuchBucket").body));
  answer.headers.emplace("x-oss-ec", "0015-00000101");
  const OssError error = ParseError(answer, true);
  EXPECT_EQ(error.code, "NoSuchBucket");
  EXPECT_EQ(error.message, "why");
  EXPECT_EQ(ErrorReason(ToStatus(error)), kReasonNoSuchBucket);
}

TEST(ErrorsTest, TakesABareNotFoundOfOssForHeadOnly) {
  HttpResponse answer;
  answer.status = 404;
  answer.headers.emplace("x-oss-request-id", "1");
  EXPECT_EQ(ErrorReason(ToStatus(ParseError(answer, true))), kReasonNoSuchObject);
  EXPECT_EQ(ErrorReason(ToStatus(ParseError(answer, false))), kReasonRejected);
}

TEST(ErrorsTest, BelievesNobodyElseThatThereIsNoObject) {
  HttpResponse answer;
  answer.status = 404;
  answer.body = "<html>\r\n\x01 not here \xff</html>" + std::string(1000, 'x');
  const OssError error = ParseError(answer, true);
  EXPECT_EQ(Classify(error), RetryClass::kBackoff);
  const absl::Status status = ToStatus(error);
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(
      std::string(status.message()),
      testing::HasSubstr("the server at OSS's address answered HTTP 404 (<html> not here "));
  EXPECT_LT(status.message().size(), 300u);
}

TEST(ErrorsTest, KeepsTheMessageAndTheEndpointThatOssTells) {
  HttpResponse answer = Answer(403, "AccessDenied");
  const size_t end = answer.body.find("</Error>");
  answer.body.insert(end, "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>");
  const ErrorMetadata metadata = ErrorMetadataOf(ToStatus(ParseError(answer, false)));
  EXPECT_EQ(metadata.at("oss_message"), "why");
  EXPECT_EQ(metadata.at("oss_endpoint"), "oss-cn-beijing.aliyuncs.com");
  for (const std::string& strange :
       {std::string(300, 'a'), std::string("a b"), std::string("/x")}) {
    answer.body = absl::StrCat("<Error><Endpoint>", strange, "</Endpoint></Error>");
    EXPECT_EQ(ErrorMetadataOf(ToStatus(ParseError(answer, false))).count("oss_endpoint"), 0u);
  }
  answer.body =
      absl::StrCat("<Error><Code>X</Code><Message>", std::string(5000, 'm'), "</Message></Error>");
  EXPECT_EQ(ErrorMetadataOf(ToStatus(ParseError(answer, false))).at("oss_message").size(), 500u);
}

TEST(ErrorsTest, NoAnswerIsUnavailableButForABadUrl) {
  for (const Code code :
       {Code::kUnavailable, Code::kDeadlineExceeded, Code::kResourceExhausted, Code::kCancelled}) {
    const absl::Status status = NoAnswerStatus(absl::Status(code, "x"));
    EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
    EXPECT_TRUE(OutcomeUnknown(status));
    EXPECT_TRUE(RetryDelay(status).has_value());
  }
  EXPECT_EQ(ErrorReason(NoAnswerStatus(absl::InvalidArgumentError("x"))), kReasonRejected);
}

TEST(ErrorsTest, InvalidPartNamesThePart) {
  HttpResponse answer = Answer(400, "InvalidPart");
  const size_t end = answer.body.find("</Error>");
  answer.body.insert(end, "<PartNumber>7</PartNumber>");
  const absl::Status status = ToStatus(ParseError(answer, false));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("part number 7"));
  EXPECT_EQ(ErrorMetadataOf(status)["part_number"], "7");
  EXPECT_EQ(
      ErrorMetadataOf(ToStatus(ParseError(Answer(400, "InvalidPart"), false))).count("part_number"),
      0u);
}

}  // namespace
}  // namespace penstock::oss
