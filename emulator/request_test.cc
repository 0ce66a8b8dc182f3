#include "emulator/request.h"

#include <gtest/gtest.h>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

const RoutingTable kTable = {"cn-hangzhou", {{"files.example.com", "customer"}}};

// Parses and routes; what became of it as "bucket|key" or the code of the error.
std::string Routed(const std::string& host, const std::string& target) {
  Request request;
  request.method = "GET";
  request.target = target;
  request.headers["host"] = host;
  Failure failure = ParseTarget(request);
  if (!failure) failure = Route(kTable, request);
  return failure ? failure->code : request.bucket + "|" + request.key;
}

TEST(RouteTest, PathStyleForAddresses) {
  EXPECT_EQ(Routed("127.0.0.1:8080", "/bucket/a/b%20c%2Bd"), "bucket|a/b c+d");
  EXPECT_EQ(Routed("localhost:1", "/bucket/"), "bucket|");
  EXPECT_EQ(Routed("[::1]:80", "/bucket"), "bucket|");
  EXPECT_EQ(Routed("127.0.0.1", "/"), "|");
}

TEST(RouteTest, VirtualHost) {
  EXPECT_EQ(Routed("bucket.oss-cn-hangzhou.aliyuncs.com", "/a/b"), "bucket|a/b");
  EXPECT_EQ(Routed("bucket.localhost:8080", "/"), "bucket|");
  EXPECT_EQ(Routed("BUCKET.oss-accelerate.aliyuncs.com", "/k"), "bucket|k");
}

TEST(RouteTest, CustomerDomainMeansItsBucket) {
  EXPECT_EQ(Routed("files.example.com", "/a"), "customer|a");
}

TEST(RouteTest, PathOnABareEndpointIsForbidden) {
  for (const char* host : {"oss-cn-hangzhou.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com",
                           "cn-hangzhou.oss.aliyuncs.com", "emulator:8080"}) {
    EXPECT_EQ(Routed(host, "/bucket/key"), "SecondLevelDomainForbidden") << host;
    EXPECT_EQ(Routed(host, "/"), "|") << host;
  }
}

TEST(RouteTest, EndpointOfAnotherRegionIsDenied) {
  EXPECT_EQ(Routed("bucket.oss-us-west-1.aliyuncs.com", "/k"), "AccessDenied");
}

TEST(RouteTest, RefusesNamesThatOssRefuses) {
  EXPECT_EQ(Routed("127.0.0.1", "/Bucket/k"), "InvalidBucketName");
  EXPECT_EQ(Routed("127.0.0.1", "/ab/k"), "InvalidBucketName");
  EXPECT_EQ(Routed("127.0.0.1", "/bucket//k"), "InvalidObjectName");
  EXPECT_EQ(Routed("127.0.0.1", "/bucket/%5Ck"), "InvalidObjectName");
  EXPECT_EQ(Routed("127.0.0.1", "/bucket/%FF"), "InvalidObjectName");
  EXPECT_EQ(Routed("127.0.0.1", "/bucket/" + std::string(1023, 'k')),
            "bucket|" + std::string(1023, 'k'));
  EXPECT_EQ(Routed("127.0.0.1", "/bucket/" + std::string(1024, 'k')), "InvalidObjectName");
}

TEST(ParseTargetTest, DecodesTheQuery) {
  Request request;
  request.target = "/k?uploads&a=b%2Fc&d=e+f&&g=";
  ASSERT_FALSE(ParseTarget(request));
  EXPECT_EQ(request.path, "/k");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"uploads", ""}, {"a", "b/c"}, {"d", "e f"}, {"g", ""}};
  EXPECT_EQ(request.query, expected);
  EXPECT_NE(request.Query("uploads"), nullptr);
  EXPECT_EQ(request.Query("x"), nullptr);
}

TEST(ParseTargetTest, RefusesBrokenEscapes) {
  Request request;
  request.target = "/k?a=%4";
  ASSERT_TRUE(ParseTarget(request));
}

TEST(EncodingTest, PercentEncodesLikeOss) {
  EXPECT_EQ(PercentEncode("a/b +*~é", true), "a/b%20%2B%2A~%C3%A9");
  EXPECT_EQ(PercentEncode("a/b", false), "a%2Fb");
}

TEST(EncodingTest, Base64OnlyInItsCanonicalForm) {
  EXPECT_EQ(Base64(Md5Digest("hello")), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(Base64Decode("XUFAKrxLKna5cZ2REBfFkg=="), Md5Digest("hello"));
  EXPECT_EQ(Base64Decode("XUFAKrxLKna5cZ2REBfFkg"), std::nullopt);
  EXPECT_EQ(Base64Decode("XUF!"), std::nullopt);
}

TEST(EncodingTest, DatesOnlyInTheirExactForm) {
  const absl::Time time = absl::FromUnixSeconds(1702743657);
  EXPECT_EQ(BasicDate(time), "20231216T162057Z");
  EXPECT_EQ(ParseBasicDate("20231216T162057Z"), time);
  EXPECT_EQ(ParseBasicDate("2023-12-16T16:20:57Z"), std::nullopt);
  EXPECT_EQ(HttpDate(time), "Sat, 16 Dec 2023 16:20:57 GMT");
  EXPECT_EQ(ParseHttpDate("Sat, 16 Dec 2023 16:20:57 GMT"), time);
  EXPECT_EQ(IsoMillis(time), "2023-12-16T16:20:57.000Z");
}

}  // namespace
}  // namespace penstock::emulator
