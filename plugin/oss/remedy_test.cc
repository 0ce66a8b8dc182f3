#include "plugin/oss/remedy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/answer.h"

namespace penstock::oss {
namespace {

using testing::HasSubstr;

struct Row {
  const char* name;
  int http_status;
  const char* body;  // within <Error>
  const char* says;  // what must be said of it
};

const Row kRows[] = {
    {"the bucket is in another region", 403,
     "<Code>AccessDenied</Code><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>",
     "set the remote's endpoint = oss-cn-beijing.aliyuncs.com and region = cn-beijing"},
    {"the bucket is at a domain", 403,
     "<Code>AccessDenied</Code><Endpoint>files.example.com</Endpoint>",
     "set the remote's endpoint = files.example.com"},
    {"no permission", 403, "<Code>AccessDenied</Code>", "permissions of the remote's access key"},
    {"path style", 403, "<Code>SecondLevelDomainForbidden</Code>", "addressing = virtual"},
    {"unknown domain", 403, "<Code>NonStandardHostForbidden</Code>", "bind it to the bucket"},
    {"acceleration is off", 403, "<Code>TransferAccelerationDisabled</Code>",
     "endpoint_type = public"},
    {"wrong region in a header's scope", 400, "<Code>InvalidArgument</Code><EC>0002-00000228</EC>",
     "set the remote's region"},
    {"wrong region in a query's scope", 403, "<Code>AccessDenied</Code><EC>0002-00000226</EC>",
     "set the remote's region"},
    {"redirect", 403, "<Code>PermanentRedirect</Code>", "region and endpoint"},
    {"wrong secret", 403, "<Code>SignatureDoesNotMatch</Code>", "signature = v1"},
    {"wrong id", 403, "<Code>InvalidAccessKeyId</Code>", "check the access key's id"},
    {"old token", 403, "<Code>SecurityTokenExpired</Code>", "renew the remote's security token"},
    {"wrong time", 403, "<Code>RequestTimeTooSkewed</Code>", "set this machine's clock"},
    {"no KMS", 403, "<Code>KmsServiceNotEnabled</Code>", "switch KMS on"},
    {"unpaid", 403, "<Code>UserDisable</Code>", "unpaid bills"},
    {"no bucket", 404, "<Code>NoSuchBucket</Code>", "check the bucket's name"},
};

TEST(RemedyTest, SaysWhatToConfigure) {
  for (const Row& row : kRows) {
    HttpResponse answer;
    answer.status = row.http_status;
    answer.headers.emplace("x-oss-request-id", "R1");
    answer.body = absl::StrCat("<Error>", row.body, "</Error>");
    const OssError error = ParseError(answer, false);
    EXPECT_THAT(RemedyFor(error), HasSubstr(row.says)) << row.name;
    EXPECT_THAT(std::string(ToStatus(error).message()), HasSubstr(row.says)) << row.name;
  }
}

TEST(RemedyTest, NamesTheRegionOfPublicEndpointsOnly) {
  OssError error;
  error.endpoint = "oss-accelerate.aliyuncs.com";
  EXPECT_THAT(RemedyFor(error), testing::EndsWith("endpoint = oss-accelerate.aliyuncs.com"));
  error.endpoint = "oss-cn-beijing-internal.aliyuncs.com";
  EXPECT_THAT(RemedyFor(error), testing::EndsWith("and region = cn-beijing"));
}

TEST(RemedyTest, SaysNothingOfWhatIsNoMatterOfTheRemote) {
  for (const int status : {203, 400, 404, 409, 500, 503}) {
    OssError error;
    error.http_status = status;
    error.code = "InternalError";
    EXPECT_EQ(RemedyFor(error), "") << status;
  }
}

TEST(RemedyTest, SaysWhatToDoWhenNobodyAnswers) {
  const std::pair<const char*, const char*> rows[] = {{"HTTP_CERTIFICATE", "ca_file"},
                                                      {"HTTP_TLS", "http://"},
                                                      {"HTTP_UNRESOLVED", "endpoint_type"},
                                                      {"HTTP_PROXY", "proxy_credentials_file"}};
  for (const auto& [reason, says] : rows) {
    const absl::Status cause = MakeError(absl::StatusCode::kUnavailable, reason, "it failed");
    EXPECT_THAT(RemedyFor(cause), HasSubstr(says)) << reason;
    EXPECT_THAT(std::string(NoAnswerStatus(cause).message()), HasSubstr(says)) << reason;
  }
  EXPECT_EQ(RemedyFor(absl::UnavailableError("reset")), "");
}

TEST(RemedyTest, NamesThePermissionThatADenialMisses) {
  OssError denied;
  denied.http_status = 403;
  denied.code = "AccessDenied";
  denied.of_oss = true;
  const absl::Status told = WithPermission(ToStatus(denied), "oss:ListObjects");
  EXPECT_EQ(ErrorReason(told), kReasonDenied);
  EXPECT_THAT(ErrorMetadataOf(told)[kRemedyField], HasSubstr("grant oss:ListObjects"));
  EXPECT_THAT(std::string(told.message()), HasSubstr("grant oss:ListObjects"));
  // What OSS itself says is better.
  denied.endpoint = "oss-cn-beijing.aliyuncs.com";
  const absl::Status elsewhere = ToStatus(denied);
  EXPECT_EQ(WithPermission(elsewhere, "oss:ListObjects"), elsewhere);
  OssError absent;
  absent.http_status = 404;
  absent.code = "NoSuchKey";
  const absl::Status not_there = ToStatus(absent);
  EXPECT_EQ(WithPermission(not_there, "oss:ListObjects"), not_there);
}

}  // namespace
}  // namespace penstock::oss
