#include "plugin/oss/credentials/issued_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::oss {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kFields[] =
    R"("AccessKeyId": "STS.x", "AccessKeySecret": "s", "SecurityToken": "t/+=",)"
    R"( "Expiration": "2026-11-27T18:00:00Z")";

TEST(IssuedReplyTest, ReadsTheMetadataServicesAnswer) {
  const auto issued = ParseMetadataReply(
      std::string(R"({"Code": "Success", "LastUpdated": "2026-11-27T12:00:00Z", )") + kFields +
      "}");
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->credentials, (Credentials{"STS.x", "s", "t/+="}));
  EXPECT_EQ(issued->expiration, absl::FromUnixSeconds(1795802400));
}

TEST(IssuedReplyTest, ReadsTheStsAnswer) {
  const auto issued =
      ParseStsReply(std::string(R"({"RequestId": "R", "Credentials": {)") + kFields + "}}");
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->credentials.security_token, "t/+=");
}

TEST(IssuedReplyTest, NamesTheFieldThatIsMissingOrWrongAndNeverItsValue) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "JSON"},
      {"[]", "JSON"},
      {R"("hush")", "JSON"},
      {"{", "JSON"},
      {R"({"Credentials": "hush"})", "AccessKeyId"},
      {R"({"Credentials": {"AccessKeyId": "hu sh"}})", "AccessKeyId"},
      {R"({"Credentials": {"AccessKeyId": 7}})", "AccessKeyId"},
      {R"({"Credentials": {"AccessKeyId": "i", "AccessKeySecret": "hush\r\nX: y"}})",
       "AccessKeySecret"},
      {R"({"Credentials": {"AccessKeyId": "i", "AccessKeySecret": "s", "SecurityToken": ""}})",
       "SecurityToken"},
      {R"({"Credentials": {"AccessKeyId": "i", "AccessKeySecret": "s", "SecurityToken": "hush",)"
       R"( "Expiration": "soon"}})",
       "Expiration"},
      {R"({"Credentials": {"AccessKeyId": "i", "AccessKeySecret": "s", "SecurityToken": "hush",)"
       R"( "Expiration": "infinite-future"}})",
       "Expiration"}};
  for (const auto& [body, says] : rows) {
    const absl::Status status = ParseStsReply(body).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << body;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hush")));
  }
}

TEST(IssuedReplyTest, TellsTheCodeOfAMetadataServiceThatSaysNo) {
  const absl::Status status = ParseMetadataReply(R"({"Code": "Failed\n"})").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"Failed \""));
}

TEST(IssuedReplyTest, ReadsErrorsOfTheSts) {
  const StsError error =
      ParseStsError(R"({"Code": "NoPermission", "Message": "m", "RequestId": "R"})");
  EXPECT_EQ(error.code, "NoPermission");
  EXPECT_EQ(error.message, "m");
  EXPECT_EQ(error.request_id, "R");
  EXPECT_EQ(ParseStsError("<html>").code, "");
  EXPECT_EQ(ParseStsError(R"({"Code": 7})").code, "");
}

}  // namespace
}  // namespace penstock::oss
