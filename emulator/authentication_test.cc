#include "emulator/authentication.h"

#include <gtest/gtest.h>

#include "emulator/encoding.h"
#include "emulator/signature.h"

namespace penstock::emulator {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1702743657);
const Credential kCredential = {"id", "secret", std::nullopt, "cn-hangzhou"};

// A request of `id`, signed with `secret` in its header.
struct Signer {
  Request request;
  absl::Time time = kNow;
  std::string id = "id";
  std::string secret = "secret";
  std::string region = "cn-hangzhou";
  std::string product = "oss";
  std::string additional;

  Signer() {
    request.method = "PUT";
    request.bucket = "bucket";
    request.key = "key";
    request.headers["host"] = "h";
    request.headers["x-oss-content-sha256"] = kUnsignedPayload;
  }

  Request Signed() {
    const std::string date = BasicDate(time);
    request.headers["x-oss-date"] = date;
    const Scope scope{date.substr(0, 8), region, product};
    const std::vector<std::string> names =
        additional.empty() ? std::vector<std::string>() : std::vector<std::string>{additional};
    const std::string signature = Sign(SigningKey(secret, scope),
                                       StringToSign(date, scope, CanonicalRequest(request, names)));
    request.headers["authorization"] =
        "OSS4-HMAC-SHA256 Credential=" + id + "/" + scope.Text() +
        (additional.empty() ? "" : ", AdditionalHeaders=" + additional) +
        ", Signature=" + signature;
    return request;
  }
};

// "" on success, else the code.
std::string Code(const Request& request, const Credential& credential = kCredential,
                 absl::Time now = kNow) {
  const Failure failure = Authenticate(credential, request, now);
  return failure ? failure->code : "";
}

std::string Ec(const Request& request) {
  const Failure failure = Authenticate(kCredential, request, kNow);
  return failure ? failure->ec : "";
}

std::string ElementOf(const Failure& failure, const std::string& name) {
  for (const ErrorElement& element : failure->elements) {
    if (element.name == name) return element.value;
  }
  return "";
}

TEST(AuthenticateTest, AcceptsAGoodSignatureWithAndWithoutSpaces) {
  Request request = Signer().Signed();
  EXPECT_EQ(Code(request), "");
  std::string& authorization = request.headers["authorization"];
  authorization.erase(authorization.find(", ") + 1, 1);
  EXPECT_EQ(Code(request), "");
}

TEST(AuthenticateTest, AcceptsAdditionalHeaders) {
  Signer signer;
  signer.additional = "host";
  EXPECT_EQ(Code(signer.Signed()), "");
}

TEST(AuthenticateTest, RefusesEmptyOrUselessAdditionalHeaders) {
  Request request = Signer().Signed();
  std::string& authorization = request.headers["authorization"];
  authorization.insert(authorization.find(", Signature"), ", AdditionalHeaders=");
  EXPECT_EQ(Ec(request), "0002-00000209");
  Signer absent;
  absent.additional = "absent";
  EXPECT_EQ(Code(absent.Signed()), "InvalidArgument");
  Signer by_default;
  by_default.additional = "x-oss-date";
  EXPECT_EQ(Code(by_default.Signed()), "InvalidArgument");
}

TEST(AuthenticateTest, TellsWhatItSignedWhenTheSignatureIsWrong) {
  Signer signer;
  signer.secret = "other";
  const Failure failure = Authenticate(kCredential, signer.Signed(), kNow);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, 403);
  EXPECT_EQ(failure->code, "SignatureDoesNotMatch");
  EXPECT_EQ(ElementOf(failure, "OSSAccessKeyId"), "id");
  EXPECT_EQ(ElementOf(failure, "SignatureProvided").size(), 64u);
  EXPECT_TRUE(ElementOf(failure, "StringToSign").starts_with("OSS4-HMAC-SHA256\n"));
  EXPECT_TRUE(ElementOf(failure, "StringToSignBytes").starts_with("4F 53 53 34"));
}

TEST(AuthenticateTest, EveryChangeOfASignedThingBreaksTheSignature) {
  const Request good = Signer().Signed();
  Request request = good;
  request.key = "other";
  EXPECT_EQ(Code(request), "SignatureDoesNotMatch");
  request = good;
  request.query.emplace_back("acl", "");
  EXPECT_EQ(Code(request), "SignatureDoesNotMatch");
  request = good;
  request.headers["x-oss-meta-a"] = "b";
  EXPECT_EQ(Code(request), "SignatureDoesNotMatch");
  request = good;
  request.headers["content-type"] = "text/plain";
  EXPECT_EQ(Code(request), "SignatureDoesNotMatch");
}

TEST(AuthenticateTest, ClockMayBeFifteenMinutesOff) {
  const Request request = Signer().Signed();
  EXPECT_EQ(Code(request, kCredential, kNow + absl::Minutes(15)), "");
  EXPECT_EQ(Code(request, kCredential, kNow - absl::Minutes(15)), "");
  EXPECT_EQ(Code(request, kCredential, kNow - absl::Seconds(901)), "RequestTimeTooSkewed");
  const Failure late = Authenticate(kCredential, request, kNow + absl::Seconds(901));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, "RequestTimeTooSkewed");
  EXPECT_EQ(ElementOf(late, "RequestTime"), "2023-12-16T16:20:57.000Z");
  EXPECT_EQ(ElementOf(late, "ServerTime"), "2023-12-16T16:35:58.000Z");
  EXPECT_EQ(ElementOf(late, "MaxAllowedSkewMilliseconds"), "900000");
}

TEST(AuthenticateTest, ScopeMustNameTheRegionAndTheProduct) {
  Signer signer;
  signer.region = "oss-cn-hangzhou";
  EXPECT_EQ(Ec(signer.Signed()), "0002-00000228");
  Signer other;
  other.product = "s3";
  EXPECT_EQ(Code(other.Signed()), "InvalidArgument");
}

TEST(AuthenticateTest, PayloadIsTheLiteralOnly) {
  Signer signer;
  signer.request.headers["x-oss-content-sha256"] = Sha256Hex("");
  EXPECT_EQ(Ec(signer.Signed()), "0002-00000214");
  Signer missing;
  missing.request.headers.erase("x-oss-content-sha256");
  EXPECT_EQ(Code(missing.Signed()), "InvalidArgument");
}

TEST(AuthenticateTest, UnknownAccessKeyAndMissingSignature) {
  Signer signer;
  signer.id = "nobody";
  EXPECT_EQ(Code(signer.Signed()), "InvalidAccessKeyId");
  Request request = Signer().Signed();
  request.headers.erase("authorization");
  EXPECT_EQ(Code(request), "AccessDenied");
  request.headers["authorization"] = "OSS2 AccessKeyId:id";
  EXPECT_EQ(Code(request), "NotImplemented");
  request.headers["authorization"] = "OSS4-HMAC-SHA256 Credential=id";
  EXPECT_EQ(Code(request), "InvalidArgument");
}

TEST(AuthenticateTest, TokenMustBelongToTheAccessKey) {
  Credential temporary = kCredential;
  temporary.security_token = "token";
  Signer signer;
  EXPECT_EQ(Code(signer.Signed(), temporary), "InvalidAccessKeyId");
  signer.request.headers["x-oss-security-token"] = "other";
  EXPECT_EQ(Code(signer.Signed(), temporary), "InvalidSecurityToken");
  EXPECT_EQ(Code(signer.Signed(), kCredential), "AccessKeyIdAndSecurityTokenNotMatch");
  signer.request.headers["x-oss-security-token"] = "token";
  EXPECT_EQ(Code(signer.Signed(), temporary), "");
}

// A presigned request, valid for ten minutes.
Request Presigned(const std::string& expires = "600") {
  Request request;
  request.method = "GET";
  request.bucket = "bucket";
  request.key = "key";
  const Scope scope{"20231216", "cn-hangzhou", "oss"};
  request.query = {{"x-oss-signature-version", kV4Algorithm},
                   {"x-oss-credential", "id/" + scope.Text()},
                   {"x-oss-date", BasicDate(kNow)},
                   {"x-oss-expires", expires}};
  const std::string signature =
      Sign(SigningKey("secret", scope),
           StringToSign(BasicDate(kNow), scope, CanonicalRequest(request, {})));
  request.query.emplace_back("x-oss-signature", signature);
  return request;
}

TEST(AuthenticateTest, PresignedRequestsExpire) {
  EXPECT_EQ(Code(Presigned()), "");
  EXPECT_EQ(Code(Presigned(), kCredential, kNow + absl::Minutes(10)), "");
  EXPECT_EQ(Code(Presigned(), kCredential, kNow + absl::Minutes(11)), "AccessDenied");
  EXPECT_EQ(Code(Presigned(), kCredential, kNow - absl::Minutes(14)), "");
  EXPECT_EQ(Code(Presigned(), kCredential, kNow - absl::Minutes(16)), "AccessDenied");
  EXPECT_EQ(Ec(Presigned("604801")), "0002-00000232");
  EXPECT_EQ(Ec(Presigned("0")), "0002-00000232");
}

}  // namespace
}  // namespace penstock::emulator
