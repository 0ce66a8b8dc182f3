#include "emulator/signature.h"

#include <gtest/gtest.h>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// The input that the official vectors share (reference/oss-api.md, section 2.4).
Request VectorRequest() {
  Request request;
  request.method = "PUT";
  request.bucket = "bucket";
  request.key = "1234+-/123/1.txt";
  request.query = {{"param1", "value1"}, {"+param1", "value3"}, {"|param1", "value4"},
                   {"+param2", ""},      {"|param2", ""},       {"param2", ""}};
  request.headers = {
      {"x-oss-head1", "value"}, {"abc", "value"}, {"zabc", "value"}, {"xyz", "value"}};
  return request;
}

struct Signed {
  std::string canonical_hash;
  std::string signature;
};

struct HeaderVector {
  std::string date_time;
  std::string token;
  std::vector<std::string> additional;
  std::string region = "cn-hangzhou";
  std::string product = "oss";
};

Signed SignHeader(const HeaderVector& vector) {
  Request request = VectorRequest();
  request.headers["content-type"] = "text/plain";
  request.headers["x-oss-content-sha256"] = kUnsignedPayload;
  request.headers["x-oss-date"] = vector.date_time;
  if (!vector.token.empty()) request.headers["x-oss-security-token"] = vector.token;
  const Scope scope{vector.date_time.substr(0, 8), vector.region, vector.product};
  const std::string canonical =
      CanonicalRequest(request, EffectiveAdditionalHeaders(request, vector.additional));
  return {Sha256Hex(canonical),
          Sign(SigningKey("sk", scope), StringToSign(vector.date_time, scope, canonical))};
}

Signed SignQuery(const HeaderVector& vector) {
  Request request = VectorRequest();
  request.headers["content-type"] = "application/octet-stream";
  const Scope scope{vector.date_time.substr(0, 8), vector.region, vector.product};
  request.query.emplace_back("x-oss-signature-version", kV4Algorithm);
  request.query.emplace_back("x-oss-credential", "ak/" + scope.Text());
  request.query.emplace_back("x-oss-date", vector.date_time);
  request.query.emplace_back("x-oss-expires", "599");
  if (!vector.token.empty()) request.query.emplace_back("x-oss-security-token", vector.token);
  const auto additional = EffectiveAdditionalHeaders(request, vector.additional);
  std::string names;
  for (const std::string& name : additional) names += (names.empty() ? "" : ";") + name;
  if (!names.empty()) request.query.emplace_back("x-oss-additional-headers", names);
  const std::string canonical = CanonicalRequest(request, additional);
  return {Sha256Hex(canonical),
          Sign(SigningKey("sk", scope), StringToSign(vector.date_time, scope, canonical))};
}

TEST(SignatureTest, HeaderVectorA) {
  const Signed result = SignHeader({"20231216T162057Z", "", {}});
  EXPECT_EQ(result.canonical_hash,
            "f4613657f1b108998e8dbd10a1aa5da621dc2c6e02c9ddec0f163664848704c4");
  EXPECT_EQ(result.signature, "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe");
}

TEST(SignatureTest, HeaderVectorBWithToken) {
  const Signed result = SignHeader({"20231217T034736Z", "token", {}});
  EXPECT_EQ(result.canonical_hash,
            "69494678fb11579d4ee12996e2796d9e2ba43c34aa4c723c4aec018f3d6b86b8");
  EXPECT_EQ(result.signature, "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea");
}

TEST(SignatureTest, HeaderVectorCWithAdditionalHeaders) {
  const std::string hash = "16b86004ed2cc3406dd7a13081bd940ef6a5ad49e508da2d4fdf84e8a5dd2145";
  const std::string signature = "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f";
  const Signed plain = SignHeader({"20231216T172512Z", "", {"ZAbc", "abc"}});
  EXPECT_EQ(plain.canonical_hash, hash);
  EXPECT_EQ(plain.signature, signature);
  // Absent and default-signed names drop out.
  const Signed more =
      SignHeader({"20231216T172512Z", "", {"x-oss-no-exist", "ZAbc", "x-oss-head1", "abc"}});
  EXPECT_EQ(more.canonical_hash, hash);
  EXPECT_EQ(more.signature, signature);
}

TEST(SignatureTest, HeaderVectorDOfCloudBox) {
  const Signed result = SignHeader({"20231216T162057Z", "", {}, "cb-123", "oss-cloudbox"});
  EXPECT_EQ(result.signature, "94ce1f12c17d148ea681030275a94449d3357f5b5b21133996eec80af3e08a43");
}

TEST(SignatureTest, QueryVectorE) {
  const Signed result = SignQuery({"20231217T025437Z", "", {}});
  EXPECT_EQ(result.canonical_hash,
            "48814c11f278d51662015bf2f896b66ca10b6de0187ed8d952e341bbce0aa336");
  EXPECT_EQ(result.signature, "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe");
}

TEST(SignatureTest, QueryVectorFWithToken) {
  const Signed result = SignQuery({"20231217T035628Z", "token", {}});
  EXPECT_EQ(result.canonical_hash,
            "458705026c021c95dd317d008cff79df19ce99bf2b241d1ecb20f4d65bb851a5");
  EXPECT_EQ(result.signature, "3817ac9d206cd6dfc90f1c09c00be45005602e55898f26f5ddb06d7892e1f8b5");
}

TEST(SignatureTest, QueryVectorGWithAdditionalHeaders) {
  const Signed result = SignQuery({"20231217T033009Z", "", {"ZAbc", "abc"}});
  EXPECT_EQ(result.canonical_hash,
            "e06541af14a8dc30dd12d3b75557af47f405e37784a76eae1a844c3426777df9");
  EXPECT_EQ(result.signature, "6bd984bfe531afb6db1f7550983a741b103a8c58e5e14f83ea474c2322dfa2b7");
}

TEST(SignatureTest, QueryVectorHOfCloudBox) {
  const Signed result =
      SignQuery({"20231217T025437Z", "", {"ZAbc", "abc"}, "cb-123", "oss-cloudbox"});
  EXPECT_EQ(result.canonical_hash,
            "5a216ce12aa5cb11075f7232f0f7ec4f1435d952fac90c3bbbe67b34c97d73b5");
  EXPECT_EQ(result.signature, "07284191b9b4978ac3520cd39ee2dea2747eda454089359371ff463a6c7ba20f");
}

TEST(SignatureTest, SigningKeysOfTheVectors) {
  EXPECT_EQ(LowerHex(SigningKey("sk", {"20231216", "cn-hangzhou", "oss"})),
            "b412a03b134ebddd720f5167b5de6db66620ebb3b01cff4d49e3ccb09f8de97f");
  EXPECT_EQ(LowerHex(SigningKey("sk", {"20231217", "cn-hangzhou", "oss"})),
            "0e11d77e422d3484e84ee6b628fdf2a85f3788e1a597f23116b477efb407e94e");
}

TEST(SignatureTest, BucketOperationsEndWithASlash) {
  Request request;
  request.method = "GET";
  request.bucket = "bucket";
  EXPECT_EQ(CanonicalRequest(request, {}), "GET\n/bucket/\n\n\n\nUNSIGNED-PAYLOAD");
  request.bucket.clear();
  EXPECT_EQ(CanonicalRequest(request, {}), "GET\n/\n\n\n\nUNSIGNED-PAYLOAD");
}

}  // namespace
}  // namespace penstock::emulator
