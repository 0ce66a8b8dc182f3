#include "bench/sink/http_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::bench {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(HttpHeadTest, ParsesAPartOfAnUpload) {
  const auto head = ParseHttpHead(
      "PUT /bucket/dir/a%20key?partNumber=7&uploadId=u%2B1 HTTP/1.1\r\n"
      "Host: 127.0.0.1\r\nContent-Length: 12\r\nX-Oss-Meta-A:  b \r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->method, "PUT");
  EXPECT_EQ(head->bucket, "bucket");
  EXPECT_EQ(head->key, "dir/a key");
  EXPECT_THAT(head->query, ElementsAre(Pair("partNumber", "7"), Pair("uploadId", "u+1")));
  EXPECT_EQ(head->Parameter("partNumber"), "7");
  EXPECT_EQ(head->content_length, 12);
  EXPECT_EQ(head->headers.at("x-oss-meta-a"), "b");
  EXPECT_TRUE(head->keep_alive);
  EXPECT_FALSE(head->expects_continue);
}

TEST(HttpHeadTest, ParsesParametersWithoutAValue) {
  const auto head = ParseHttpHead("POST /bucket/key?uploads&encoding-type=url HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_TRUE(head->Has("uploads"));
  EXPECT_EQ(head->Parameter("uploads"), "");
  EXPECT_FALSE(head->Has("uploadId"));
}

TEST(HttpHeadTest, ParsesABucketAndTheRoot) {
  EXPECT_EQ(ParseHttpHead("GET /bucket?acl HTTP/1.1\r\n\r\n")->bucket, "bucket");
  EXPECT_EQ(ParseHttpHead("GET /bucket/?acl HTTP/1.1\r\n\r\n")->key, "");
  EXPECT_EQ(ParseHttpHead("GET / HTTP/1.1\r\n\r\n")->bucket, "");
}

TEST(HttpHeadTest, SeesWhatTheConnectionIsToldOf) {
  const auto head = ParseHttpHead(
      "PUT /b/k HTTP/1.1\r\nConnection: close\r\nExpect: 100-Continue\r\n"
      "Content-Length: 1\r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_FALSE(head->keep_alive);
  EXPECT_TRUE(head->expects_continue);
}

TEST(HttpHeadTest, RefusesWhatItCannotFrame) {
  for (const char* text :
       {"", "\r\n\r\n", "PUT /b/k\r\n\r\n", "PUT b HTTP/1.1\r\n\r\n", "PUT /b HTTP/1.0\r\n\r\n",
        "PUT /b HTTP/1.1\r\nno colon\r\n\r\n", "PUT /b HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "PUT /b HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_FALSE(ParseHttpHead(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace penstock::bench
