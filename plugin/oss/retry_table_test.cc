// Table 6.2 of reference/oss-api.md, row by row: how often OSS is asked, and what the caller gets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/client.h"
#include "plugin/oss/fake_oss.h"
#include "plugin/oss/retry.h"

namespace penstock::oss {
namespace {

struct Row {
  int http_status;
  const char* code;  // "": an answer without a body
  RetryClass retry;
  const char* reason;
};

constexpr auto kNever = RetryClass::kNever;
constexpr auto kBackoff = RetryClass::kBackoff;
constexpr auto kThrottled = RetryClass::kThrottled;
constexpr auto kClock = RetryClass::kClock;
constexpr auto kCredentials = RetryClass::kCredentials;

const Row kRows[] = {
    {304, "", kNever, kReasonRejected},
    {412, "PreconditionFailed", kNever, kReasonObjectChanged},
    {416, "InvalidRange", kNever, kReasonRejected},
    {400, "InvalidArgument", kNever, kReasonRejected},
    {400, "InvalidPart", kNever, kReasonInvalidPart},
    {400, "InvalidPartOrder", kNever, kReasonRejected},
    {400, "EntityTooSmall", kNever, kReasonRejected},
    {400, "EntityTooLarge", kNever, kReasonRejected},
    {400, "MalformedXML", kNever, kReasonRejected},
    {400, "InvalidObjectName", kNever, kReasonRejected},
    {400, "InvalidBucketName", kNever, kReasonRejected},
    {400, "NotImplemented", kNever, kReasonRejected},
    {400, "MissingArgument", kNever, kReasonRejected},
    {400, "InvalidEncryptionAlgorithmError", kNever, kReasonRejected},
    {400, "InvalidDigest", kBackoff, kReasonUnavailable},
    {400, "IncompleteBody", kBackoff, kReasonUnavailable},
    {400, "RequestTimeout", kBackoff, kReasonUnavailable},
    {400, "BadRequest", kBackoff, kReasonRejected},
    {401, "Any", kBackoff, kReasonDenied},
    {403, "RequestTimeTooSkewed", kClock, kReasonUnavailable},
    {403, "SecurityTokenExpired", kCredentials, kReasonDenied},
    {403, "InvalidSecurityToken", kCredentials, kReasonDenied},
    {403, "AccessKeyIdAndSecurityTokenNotMatch", kCredentials, kReasonDenied},
    {403, "AccessDenied", kNever, kReasonDenied},
    {403, "SignatureDoesNotMatch", kNever, kReasonDenied},
    {403, "InvalidAccessKeyId", kNever, kReasonDenied},
    {403, "SecondLevelDomainForbidden", kNever, kReasonDenied},
    {403, "UserDisable", kNever, kReasonDenied},
    {403, "InvalidObjectState", kNever, kReasonRejected},
    {403, "KmsServiceNotEnabled", kNever, kReasonDenied},
    {403, "TransferAccelerationDisabled", kNever, kReasonDenied},
    {404, "NoSuchBucket", kNever, kReasonNoSuchBucket},
    {404, "NoSuchKey", kNever, kReasonNoSuchObject},
    {404, "NoSuchUpload", kNever, kReasonNoSuchUpload},
    {404, "NoSuchVersion", kNever, kReasonNoSuchObject},
    {404, "SymlinkTargetNotExist", kNever, kReasonRejected},
    {405, "MethodNotAllowed", kNever, kReasonRejected},
    {408, "Any", kBackoff, kReasonUnavailable},
    {429, "Any", kThrottled, kReasonUnavailable},
    {409, "FileAlreadyExists", kNever, kReasonObjectExists},
    {409, "FileImmutable", kNever, kReasonRejected},
    {409, "ObjectNotAppendable", kNever, kReasonRejected},
    {409, "PositionNotEqualToLength", kNever, kReasonRejected},
    {409, "PartAlreadyExist", kNever, kReasonRejected},
    {409, "BucketNotEmpty", kNever, kReasonRejected},
    {409, "BucketAlreadyExists", kNever, kReasonRejected},
    {411, "MissingContentLength", kNever, kReasonRejected},
    {416, "InvalidRange", kNever, kReasonRejected},
    {424, "MirrorFailed", kNever, kReasonRejected},
    {500, "InternalError", kBackoff, kReasonUnavailable},
    {501, "Any", kBackoff, kReasonUnavailable},
    {502, "Any", kBackoff, kReasonUnavailable},
    {504, "Any", kBackoff, kReasonUnavailable},
    {503, "ServiceUnavailable", kThrottled, kReasonUnavailable},
    {503, "TotalQpsLimitExceeded", kThrottled, kReasonUnavailable},
    {503, "MetaOperationQpsLimitExceeded", kThrottled, kReasonUnavailable},
    {503, "UploadTrafficRateLimitExceeded", kThrottled, kReasonUnavailable},
    {503, "DownloadTrafficRateLimitExceeded", kThrottled, kReasonUnavailable},
    {503, "ActiveRequestLimitExceeded", kThrottled, kReasonUnavailable},
    {503, "CpuLimitExceeded", kThrottled, kReasonUnavailable},
    // Complete may answer 200 at once, to keep the connection alive, and its error later.
    {200, "InternalError", kBackoff, kReasonUnavailable},
    {200, "NoSuchUpload", kNever, kReasonNoSuchUpload},
};

Reply ReplyOf(const Row& row) {
  Reply reply;
  reply.status = row.http_status;
  reply.headers = {"x-oss-request-id: R1", "x-oss-ec: 0042-1",
                   "Date: Sat, 16 Dec 2023 16:20:57 GMT"};
  if (*row.code != '\0') {
    reply.body = absl::StrCat("<?xml version=\"1.0\"?><Error><Code>", row.code,
                              "</Code><Message>because</Message><RequestId>R1</RequestId>",
                              "<EC>0042-1</EC></Error>");
  }
  return reply;
}

// How often OSS is asked when it never says anything else.
size_t AttemptsOf(RetryClass retry, Repeat repeat) {
  if (repeat == Repeat::kNever || retry == kNever) return 1;
  if (retry == kClock) return 3;        // the clock is set twice
  if (retry == kCredentials) return 2;  // they are read again once
  return repeat == Repeat::kFreely ? kMaxAttempts : 1;
}

class RetryTableTest : public OssBackendTest {
 protected:
  // Lets OSS answer only this, and makes `call`: what it answered, after how many requests.
  template <typename F>
  std::pair<absl::Status, size_t> Try(const Row& row, F call) {
    const size_t before = requests().size();
    Expect(std::vector<Reply>(kMaxAttempts + 1, ReplyOf(row)));
    absl::Status status = call();
    return {status, requests().size() - before};
  }

  static void ExpectOf(const Row& row, const absl::Status& status) {
    EXPECT_EQ(ErrorReason(status), row.reason);
    const bool unavailable = row.reason == std::string(kReasonUnavailable);
    EXPECT_EQ(RetryDelay(status).has_value(), unavailable);
    EXPECT_EQ(OutcomeUnknown(status), unavailable);
    ErrorMetadata metadata = ErrorMetadataOf(status);
    EXPECT_EQ(metadata["http_status"], absl::StrCat(row.http_status));
    EXPECT_EQ(metadata["oss_code"], row.code);
    EXPECT_EQ(metadata["oss_message"], *row.code == '\0' ? "" : "because");
    EXPECT_EQ(metadata["oss_ec"], "0042-1");
    EXPECT_EQ(metadata["oss_request_id"], "R1");
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("request id R1"));
  }
};

TEST_F(RetryTableTest, OfARequestThatMayBeRepeated) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(absl::StrCat(row.http_status, " ", row.code));
    const auto [status, attempts] = Try(row, [this] { return Upload("hello").status(); });
    EXPECT_EQ(attempts, AttemptsOf(row.retry, Repeat::kFreely));
    ExpectOf(row, status);
  }
}

TEST_F(RetryTableTest, OfComplete) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(absl::StrCat(row.http_status, " ", row.code));
    const auto [status, attempts] = Try(row, [this] { return Complete().status(); });
    EXPECT_EQ(attempts, AttemptsOf(row.retry, Repeat::kIfRefused));
    ExpectOf(row, status);
  }
}

TEST_F(RetryTableTest, OfAPutThatWasSignedBefore) {
  for (const Row& row : kRows) {
    if (row.http_status == 304) continue;  // no answer to a PUT
    SCOPED_TRACE(absl::StrCat(row.http_status, " ", row.code));
    const auto [status, attempts] = Try(row, [this] { return Put("hello").status(); });
    EXPECT_EQ(attempts, 1u);
    ExpectOf(row, status);
  }
}

// The errors of HEAD come in a header, in base64.
TEST_F(RetryTableTest, OfHead) {
  for (const Row& row : kRows) {
    if (row.http_status == 200) continue;  // HEAD has no body to hide an error in
    SCOPED_TRACE(absl::StrCat(row.http_status, " ", row.code));
    Row with_body = row;
    if (*row.code == '\0') with_body.code = "NotModified";
    Reply reply = ReplyOf(with_body);
    reply.headers.push_back(absl::StrCat("x-oss-err: ", absl::Base64Escape(reply.body)));
    reply.body.clear();
    const size_t before = requests().size();
    Expect(std::vector<Reply>(kMaxAttempts + 1, reply));
    const absl::Status status = Stat().status();
    EXPECT_EQ(requests().size() - before, AttemptsOf(row.retry, Repeat::kFreely));
    ExpectOf(with_body, status);
  }
}

TEST_F(RetryTableTest, OfAFailedCallback) {
  const Reply failed = Refusal(203, "CallbackFailed");
  Expect({failed, kDescribed});
  EXPECT_TRUE(Complete().ok());
  Expect({failed, failed});
  EXPECT_TRUE(Put("hello").ok());
}

TEST_F(RetryTableTest, OfAPartThatChangedOnTheWay) {
  const size_t before = requests().size();
  Expect(std::vector<Reply>(kMaxAttempts, {200, {"ETag: \"E\"", "x-oss-hash-crc64ecma: 1"}, ""}));
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonChecksumMismatch);
  EXPECT_EQ(requests().size() - before, size_t{kMaxAttempts});
}

}  // namespace
}  // namespace penstock::oss
