#include "plugin/oss/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/signing_keys.h"

namespace penstock::oss {
namespace {

const SigningScope kHangzhou = {"cn-hangzhou", "oss"};
const SigningScope kCloudBox = {"cb-123", "oss-cloudbox"};

// One official test vector (see reference/oss-api.md, 2.4).
struct Vector {
  const char* name;
  int64_t time;
  const char* stamp;
  SigningScope scope;
  const char* token;
  std::vector<std::string> additional;
  const char* additional_signed;
  const char* canonical_sha256;
  const char* signature;
};

SigningInput CommonInput(const Vector& vector) {
  SigningInput input;
  input.method = "PUT";
  input.bucket = "bucket";
  input.key = "1234+-/123/1.txt";
  input.query = {{"param1", "value1"}, {"+param1", "value3"}, {"|param1", "value4"},
                 {"+param2", ""},      {"|param2", ""},       {"param2", ""}};
  input.headers = {{"x-oss-head1", "value"}, {"abc", "value"}, {"zabc", "value"}, {"xyz", "value"}};
  input.additional_headers = vector.additional;
  return input;
}

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

class HeaderVectorTest : public testing::TestWithParam<Vector> {};

TEST_P(HeaderVectorTest, MatchesTheOfficialSignature) {
  const Vector& vector = GetParam();
  SigningInput input = CommonInput(vector);
  input.headers["content-type"] = "text/plain";
  SigningKeys keys;
  SignHeaders(input, {"ak", "sk", vector.token}, vector.scope, absl::FromUnixSeconds(vector.time),
              keys);
  EXPECT_EQ(input.headers["x-oss-date"], vector.stamp);
  EXPECT_EQ(input.headers["x-oss-content-sha256"], "UNSIGNED-PAYLOAD");
  EXPECT_EQ(ToHex(Sha256(CanonicalRequest(input))), vector.canonical_sha256);
  const std::string additional =
      *vector.additional_signed == '\0'
          ? ""
          : absl::StrCat("AdditionalHeaders=", vector.additional_signed, ",");
  EXPECT_EQ(input.headers["authorization"],
            absl::StrCat("OSS4-HMAC-SHA256 Credential=ak/", std::string(vector.stamp, 8), "/",
                         vector.scope.region, "/", vector.scope.product, "/aliyun_v4_request,",
                         additional, "Signature=", vector.signature));
}

INSTANTIATE_TEST_SUITE_P(
    Official, HeaderVectorTest,
    testing::Values(Vector{"A",
                           1702743657,
                           "20231216T162057Z",
                           kHangzhou,
                           "",
                           {},
                           "",
                           "f4613657f1b108998e8dbd10a1aa5da621dc2c6e02c9ddec0f163664848704c4",
                           "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe"},
                    Vector{"B",
                           1702784856,
                           "20231217T034736Z",
                           kHangzhou,
                           "token",
                           {},
                           "",
                           "69494678fb11579d4ee12996e2796d9e2ba43c34aa4c723c4aec018f3d6b86b8",
                           "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea"},
                    Vector{"C",
                           1702747512,
                           "20231216T172512Z",
                           kHangzhou,
                           "",
                           {"ZAbc", "abc"},
                           "abc;zabc",
                           "16b86004ed2cc3406dd7a13081bd940ef6a5ad49e508da2d4fdf84e8a5dd2145",
                           "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f"},
                    Vector{"C'",
                           1702747512,
                           "20231216T172512Z",
                           kHangzhou,
                           "",
                           {"x-oss-no-exist", "ZAbc", "x-oss-head1", "abc"},
                           "abc;zabc",
                           "16b86004ed2cc3406dd7a13081bd940ef6a5ad49e508da2d4fdf84e8a5dd2145",
                           "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f"},
                    Vector{"D",
                           1702743657,
                           "20231216T162057Z",
                           kCloudBox,
                           "",
                           {},
                           "",
                           "f4613657f1b108998e8dbd10a1aa5da621dc2c6e02c9ddec0f163664848704c4",
                           "94ce1f12c17d148ea681030275a94449d3357f5b5b21133996eec80af3e08a43"}));

class PresignVectorTest : public testing::TestWithParam<Vector> {};

TEST_P(PresignVectorTest, MatchesTheOfficialSignature) {
  const Vector& vector = GetParam();
  SigningInput input = CommonInput(vector);
  input.headers["content-type"] = "application/octet-stream";
  SigningKeys keys;
  SignQuery(input, {"ak", "sk", vector.token}, vector.scope, absl::FromUnixSeconds(vector.time),
            absl::Seconds(599), keys);
  EXPECT_EQ(input.query["x-oss-date"], vector.stamp);
  EXPECT_EQ(input.query["x-oss-expires"], "599");
  EXPECT_EQ(input.query["x-oss-signature"], vector.signature);
  EXPECT_EQ(input.query["x-oss-additional-headers"], vector.additional_signed);
  input.query.erase("x-oss-signature");
  if (*vector.additional_signed == '\0') input.query.erase("x-oss-additional-headers");
  EXPECT_EQ(ToHex(Sha256(CanonicalRequest(input))), vector.canonical_sha256);
}

INSTANTIATE_TEST_SUITE_P(
    Official, PresignVectorTest,
    testing::Values(Vector{"E",
                           1702781677,
                           "20231217T025437Z",
                           kHangzhou,
                           "",
                           {},
                           "",
                           "48814c11f278d51662015bf2f896b66ca10b6de0187ed8d952e341bbce0aa336",
                           "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe"},
                    Vector{"F",
                           1702785388,
                           "20231217T035628Z",
                           kHangzhou,
                           "token",
                           {},
                           "",
                           "458705026c021c95dd317d008cff79df19ce99bf2b241d1ecb20f4d65bb851a5",
                           "3817ac9d206cd6dfc90f1c09c00be45005602e55898f26f5ddb06d7892e1f8b5"},
                    Vector{"G",
                           1702783809,
                           "20231217T033009Z",
                           kHangzhou,
                           "",
                           {"ZAbc", "abc"},
                           "abc;zabc",
                           "e06541af14a8dc30dd12d3b75557af47f405e37784a76eae1a844c3426777df9",
                           "6bd984bfe531afb6db1f7550983a741b103a8c58e5e14f83ea474c2322dfa2b7"},
                    Vector{"H",
                           1702781677,
                           "20231217T025437Z",
                           kCloudBox,
                           "",
                           {"ZAbc", "abc"},
                           "abc;zabc",
                           "5a216ce12aa5cb11075f7232f0f7ec4f1435d952fac90c3bbbe67b34c97d73b5",
                           "07284191b9b4978ac3520cd39ee2dea2747eda454089359371ff463a6c7ba20f"}));

TEST(SignatureTest, MatchesTheOfficialIntermediateValues) {
  SigningInput input = CommonInput({});
  EXPECT_EQ(CanonicalQuery(input.query),
            "%2Bparam1=value3&%2Bparam2&%7Cparam1=value4&%7Cparam2&param1=value1&param2");
  EXPECT_EQ(ToHex(SigningKey("sk", "20231216", kHangzhou)),
            "b412a03b134ebddd720f5167b5de6db66620ebb3b01cff4d49e3ccb09f8de97f");
  EXPECT_EQ(ToHex(SigningKey("sk", "20231217", kHangzhou)),
            "0e11d77e422d3484e84ee6b628fdf2a85f3788e1a597f23116b477efb407e94e");
  input.headers["content-type"] = "text/plain";
  SigningKeys keys;
  SignHeaders(input, {"ak", "sk", ""}, kHangzhou, absl::FromUnixSeconds(1702743657), keys);
  EXPECT_EQ(CanonicalRequest(input),
            "PUT\n/bucket/1234%2B-/123/1.txt\n"
            "%2Bparam1=value3&%2Bparam2&%7Cparam1=value4&%7Cparam2&param1=value1&param2\n"
            "content-type:text/plain\nx-oss-content-sha256:UNSIGNED-PAYLOAD\n"
            "x-oss-date:20231216T162057Z\nx-oss-head1:value\n\n\nUNSIGNED-PAYLOAD");
}

TEST(SignatureTest, EncodesEveryByteThatIsNotUnreserved) {
  EXPECT_EQ(UriEncode("aZ09-._~", false), "aZ09-._~");
  EXPECT_EQ(UriEncode("a/b c+*%\xc3\xa4\n", false), "a%2Fb%20c%2B%2A%25%C3%A4%0A");
  EXPECT_EQ(UriEncode("a//../b", true), "a//../b");
}

TEST(SignatureTest, NamesBucketAndNothingInTheUri) {
  SigningInput input;
  input.method = "GET";
  EXPECT_EQ(CanonicalRequest(input), "GET\n/\n\n\n\nUNSIGNED-PAYLOAD");
  input.bucket = "b";
  EXPECT_EQ(CanonicalRequest(input), "GET\n/b/\n\n\n\nUNSIGNED-PAYLOAD");
}

TEST(DigestTest, ContentMd5IsBase64) {
  EXPECT_EQ(ContentMd5(""), "1B2M2Y8AsgTpgAmY7PhCfg==");
  EXPECT_EQ(ContentMd5("hello"), "XUFAKrxLKna5cZ2REBfFkg==");
}

}  // namespace
}  // namespace penstock::oss
