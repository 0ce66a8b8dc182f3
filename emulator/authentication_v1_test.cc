#include "emulator/authentication_v1.h"

#include <gtest/gtest.h>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

constexpr char kDate[] = "Wed, 28 Dec 2022 10:27:41 GMT";

Request MakeRequest(const std::string& method, const std::string& bucket, const std::string& key,
                    std::vector<std::pair<std::string, std::string>> query = {}) {
  Request request;
  request.method = method;
  request.bucket = bucket;
  request.key = key;
  request.query = std::move(query);
  return request;
}

std::string SignatureOf(const Request& request, const std::string& date) {
  return SignV1("sk", StringToSignV1(request, date));
}

// The official vectors (reference/oss-api.md, section 2.4).
TEST(SignatureV1Test, OfficialVectorsOfTheHeader) {
  Request request = MakeRequest("PUT", "examplebucket", "nelson");
  request.headers = {{"content-md5", "eB5eJF1ptWaXm4bijSPyxw=="},
                     {"content-type", "text/html"},
                     {"x-oss-date", kDate},
                     {"x-oss-meta-author", "alice"},
                     {"x-oss-meta-magic", "abracadabra"}};
  EXPECT_EQ(SignatureOf(request, kDate), "kSHKmLxlyEAKtZPkJhG9bZb5k7M=");
  request.query = {{"acl", ""}};
  EXPECT_EQ(SignatureOf(request, kDate), "/afkugFbmWDQ967j1vr6zygBLQk=");
}

TEST(SignatureV1Test, OfficialVectorsOfSubresources) {
  Request request =
      MakeRequest("GET", "examplebucket", "", {{"resourceGroup", ""}, {"non-resousce", "null"}});
  request.headers = {{"x-oss-date", kDate}};
  EXPECT_EQ(SignatureOf(request, kDate), "vkQmfuUDyi1uDi3bKt67oemssIs=");
  request.query = {{"resourceGroup", ""}, {"acl", ""}};
  EXPECT_EQ(SignatureOf(request, kDate), "x3E5TgOvl/i7PN618s5mEvpJDYk=");
}

TEST(SignatureV1Test, OfficialVectorsOfTheQuery) {
  EXPECT_EQ(
      SignatureOf(MakeRequest("GET", "bucket", "key", {{"versionId", "versionId"}}), "1699807420"),
      "dcLTea+Yh9ApirQ8o8dOPqtvJXQ=");
  EXPECT_EQ(SignatureOf(MakeRequest("GET", "bucket", "key+123",
                                    {{"versionId", "versionId"}, {"security-token", "token"}}),
                        "1699808204"),
            "jzKYRrM5y6Br0dRFPaTGOsbrDhY=");
}

const Credential kCredential = {"ak", "sk", std::nullopt, "cn-hangzhou"};

std::string Code(const Request& request, absl::Time now) {
  const Failure failure = Authenticate(kCredential, request, now);
  return failure ? failure->code : "";
}

TEST(AuthenticateV1Test, ChecksHeaderDateIdentityAndSignature) {
  const absl::Time now = *ParseHttpDate(kDate);
  Request request = MakeRequest("GET", "bucket", "key");
  request.headers = {{"date", kDate}};
  request.headers["authorization"] = "OSS ak:" + SignatureOf(request, kDate);
  EXPECT_EQ(Code(request, now), "");
  EXPECT_EQ(Code(request, now + absl::Seconds(901)), "RequestTimeTooSkewed");
  request.key = "other";
  EXPECT_EQ(Code(request, now), "SignatureDoesNotMatch");
  request.headers["authorization"] = "OSS nobody:x";
  EXPECT_EQ(Code(request, now), "InvalidAccessKeyId");
  request.headers["authorization"] = "OSS ak";
  EXPECT_EQ(Code(request, now), "InvalidArgument");
  request.headers["authorization"] = "OSS ak:x";
  request.headers["date"] = "yesterday";
  EXPECT_EQ(Code(request, now), "AccessDenied");
}

TEST(AuthenticateV1Test, ChecksTheExpiryOfTheQuery) {
  const absl::Time end = absl::FromUnixSeconds(1699807420);
  Request request = MakeRequest("GET", "bucket", "key");
  const std::string signature = SignatureOf(request, "1699807420");
  request.query = {{"OSSAccessKeyId", "ak"}, {"Expires", "1699807420"}, {"Signature", signature}};
  EXPECT_EQ(Code(request, end), "");
  EXPECT_EQ(Code(request, end + absl::Seconds(1)), "AccessDenied");
  request.query[2].second = "x";
  EXPECT_EQ(Code(request, end), "SignatureDoesNotMatch");
}

}  // namespace
}  // namespace penstock::emulator
