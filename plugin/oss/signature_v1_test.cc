#include "plugin/oss/signature_v1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/oss/signer.h"

namespace penstock::oss {
namespace {

constexpr char kDate[] = "Wed, 28 Dec 2022 10:27:41 GMT";
const absl::Time kTime = absl::FromUnixSeconds(1672223261);  // the same

// One official test vector of the header form (see reference/oss-api.md, 2.4).
struct Vector {
  const char* name;
  SigningInput input;
  const char* authorization;
};

SigningInput PutNelson(const Query& query) {
  SigningInput input{"PUT", "examplebucket", "nelson", query, {}, {}};
  input.headers = {{"content-md5", "eB5eJF1ptWaXm4bijSPyxw=="},
                   {"content-type", "text/html"},
                   {"x-oss-date", kDate},
                   {"x-oss-meta-author", "alice"},
                   {"x-oss-meta-magic", "abracadabra"}};
  return input;
}

SigningInput GetBucket(const Query& query) {
  return {"GET", "examplebucket", "", query, {{"x-oss-date", kDate}}, {}};
}

TEST(SignatureV1Test, MatchesTheOfficialHeaderVectors) {
  const Vector vectors[] = {
      {"V1-1", PutNelson({}), "OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M="},
      {"V1-2", PutNelson({{"acl", ""}}), "OSS ak:/afkugFbmWDQ967j1vr6zygBLQk="},
      {"V1-3", GetBucket({{"resourceGroup", ""}, {"non-resousce", "null"}}),
       "OSS ak:vkQmfuUDyi1uDi3bKt67oemssIs="},
      {"V1-4", GetBucket({{"resourceGroup", ""}, {"acl", ""}}),
       "OSS ak:x3E5TgOvl/i7PN618s5mEvpJDYk="}};
  for (const Vector& vector : vectors) {
    SigningInput input = vector.input;
    SignHeadersV1(input, {"ak", "sk", ""}, kTime);
    EXPECT_EQ(input.headers["authorization"], vector.authorization) << vector.name;
    EXPECT_EQ(input.headers["date"], kDate) << vector.name;
  }
}

TEST(SignatureV1Test, MatchesTheOfficialQueryVectors) {
  SigningInput plain{"GET", "bucket", "key", {{"versionId", "versionId"}}, {}, {}};
  SignQueryV1(plain, {"ak", "sk", ""}, absl::FromUnixSeconds(1699807420 - 900), absl::Minutes(15));
  EXPECT_EQ(plain.query, (Query{{"versionId", "versionId"},
                                {"OSSAccessKeyId", "ak"},
                                {"Expires", "1699807420"},
                                {"Signature", "dcLTea+Yh9ApirQ8o8dOPqtvJXQ="}}))
      << "V1-5";
  SigningInput temporary{"GET", "bucket", "key+123", {{"versionId", "versionId"}}, {}, {}};
  SignQueryV1(temporary, {"ak", "sk", "token"}, absl::FromUnixSeconds(1699808204),
              absl::ZeroDuration());
  EXPECT_EQ(temporary.query["Signature"], "jzKYRrM5y6Br0dRFPaTGOsbrDhY=") << "V1-6";
  EXPECT_EQ(temporary.query["security-token"], "token");
}

TEST(SignatureV1Test, SignsItsDateWhereOssHasNoneOfItsOwn) {
  // The official vector has both and they are equal: without the header the signature differs only
  // by that header's line.
  SigningInput input = PutNelson({});
  input.headers.erase("x-oss-date");
  SignHeadersV1(input, {"ak", "sk", ""}, kTime);
  SigningInput later = PutNelson({});
  later.headers.erase("x-oss-date");
  SignHeadersV1(later, {"ak", "sk", ""}, kTime + absl::Seconds(1));
  EXPECT_NE(input.headers["authorization"], later.headers["authorization"]);
}

TEST(SignatureV1Test, SignsTheTokenWithTheOtherHeaders) {
  SigningInput input{"GET", "b", "k", {}, {}, {}};
  SignHeadersV1(input, {"ak", "sk", "token-1"}, kTime);
  EXPECT_EQ(input.headers["x-oss-security-token"], "token-1");
  SigningInput other{"GET", "b", "k", {}, {}, {}};
  SignHeadersV1(other, {"ak", "sk", "token-2"}, kTime);
  EXPECT_NE(input.headers["authorization"], other.headers["authorization"]);
}

TEST(SignatureV1Test, SignsEveryParameterOfOssAndNoOther) {
  const auto sign = [](const Query& query) {
    SigningInput input{"GET", "b", "", query, {}, {}};
    SignHeadersV1(input, {"ak", "sk", ""}, kTime);
    return input.headers["authorization"];
  };
  const std::string bare = sign({});
  for (const char* name : {"acl", "callback-var", "endTime", "partNumber", "uploadId", "uploads",
                           "versionId", "wormExtend", "wormId", "x-oss-traffic-limit"}) {
    EXPECT_NE(sign({{name, "1"}}), bare) << name;
  }
  for (const char* name :
       {"prefix", "marker", "max-keys", "delimiter", "list-type", "start-after", "encoding-type",
        "max-parts", "part-number-marker", "key-marker", "max-uploads", "upload-id-marker"}) {
    EXPECT_EQ(sign({{name, "1"}}), bare) << name;
  }
}

TEST(SignerTest, SignsWithItsVersion) {
  const Credentials credentials = {"ak", "sk", ""};
  Signer v1(SignatureVersion::kV1, {"cn-hangzhou", "oss"});
  Signer v4(SignatureVersion::kV4, {"cn-hangzhou", "oss"});
  SigningInput input{"GET", "b", "k", {}, {}, {}};
  v1.SignHeaders(input, credentials, kTime);
  EXPECT_THAT(input.headers["authorization"], testing::StartsWith("OSS ak:"));
  v4.SignHeaders(input, credentials, kTime);
  EXPECT_THAT(input.headers["authorization"], testing::StartsWith("OSS4-HMAC-SHA256 "));
  v1.SignQuery(input, credentials, kTime, absl::Minutes(1));
  EXPECT_NE(input.query["Signature"], "");
  v4.SignQuery(input, credentials, kTime, absl::Minutes(1));
  EXPECT_EQ(input.query["x-oss-expires"], "60");
  EXPECT_EQ(v4.keys().computed_count(), 1);
  EXPECT_EQ(v1.keys().computed_count(), 0);
}

}  // namespace
}  // namespace penstock::oss
